"""Questions about contacts and suppressions, as sentences."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import Exists, OuterRef, QuerySet

if TYPE_CHECKING:
    from contacts.models import Contact, Suppression
else:
    Contact = Suppression = Any


class SuppressionQuerySet(QuerySet["Suppression"]):
    def standing(self) -> Self:
        """Those that forbid a text now, certain or not."""
        return self.filter(lifted_at__isnull=True)

    def certain(self) -> Self:
        """Those of which nobody has to decide any more whether they were meant."""
        return self.standing().filter(under_review=False)

    def to_be_decided(self) -> Self:
        """Those about which a person must decide, the most urgent first."""
        return self.filter(under_review=True).order_by("review_by", "id")


class ContactQuerySet(QuerySet["Contact"]):
    def with_suppression(self) -> Self:
        """Each contact with `opted_out`: does a suppression of the number stand, certain or not?"""
        return self.annotate(opted_out=Exists(_standing()))

    def with_rest(self) -> Self:
        """Each contact with `at_rest`: do texts to the number rest until somebody decides?"""
        return self.annotate(at_rest=Exists(_standing().filter(under_review=True)))

    def reachable(self) -> Self:
        """Those whose number nobody has opted out."""
        return self.with_suppression().filter(opted_out=False)


def _standing() -> SuppressionQuerySet:
    from contacts.models import Suppression

    return Suppression.objects.standing().filter(phone=OuterRef("phone"))
