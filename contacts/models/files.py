"""Files that staff bring and take, kept in the database: web and workers need share nothing but that."""

from django.db import models


class StoredFile(models.Model):
    """A file in parts. Only `contacts.files` writes and reads them."""

    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.size:,} bytes"


class StoredFilePart(models.Model):
    """One piece, small enough that nobody's memory notices it."""

    stored_file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="parts", db_index=False)
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            # Also the order in which the parts are read.
            models.UniqueConstraint(fields=["stored_file", "position"], name="a_part_of_a_file_stands_once")
        ]

    def __str__(self) -> str:
        return f"part {self.position}"
