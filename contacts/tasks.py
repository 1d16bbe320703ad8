"""Background work on imports and exports. They carry only wake-ups: one that is lost or doubled is harmless."""

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from contacts import exporting, importing
from contacts.models import ContactExport, ContactImport

Status = ContactImport.Status
# Several batches' time: whoever works on an import says so at each of them.
SILENT_FOR = timedelta(seconds=20)
# A file that the command line reads where it stands; nobody else can go on with it, so this is only to say so.
SILENT_ELSEWHERE = timedelta(minutes=10)
STEPS = {Status.UPLOADED: importing.read, Status.IMPORTING: importing.apply, Status.UNDOING: importing.undo}


@app.task(name="contacts.work_on_import")
def work_on_import(import_id: int) -> None:
    """Take the step that the import waits for."""
    record = ContactImport.objects.filter(pk=import_id, status__in=ContactImport.WORKING).first()
    if record is not None:
        STEPS[Status(record.status)](record)


@app.periodic(cron="* * * * * */10")
@app.task(name="contacts.go_on_with_imports", queueing_lock="contacts.go_on_with_imports")
def go_on_with_imports(timestamp: int | None = None) -> None:
    """Find imports whose worker died or whose job was lost."""
    now = timezone.now()
    silent = ContactImport.objects.filter(status__in=ContactImport.WORKING, touched_at__lt=now - SILENT_FOR).exclude(
        status=Status.UPLOADED, stored_file=None, touched_at__gte=now - SILENT_ELSEWHERE
    )
    for pk in list(silent.values_list("pk", flat=True)):
        # Whoever wins this update asks for the job; the others find it touched.
        if silent.filter(pk=pk).update(touched_at=now):
            work_on_import.defer(import_id=pk)


@app.periodic(cron="17 * * * *")
@app.task(name="contacts.purge_imports", queueing_lock="contacts.purge_imports")
def purge_imports(timestamp: int | None = None) -> None:
    """Delete files and rows that have been kept long enough."""
    importing.purge()
    exporting.purge()


@app.task(name="contacts.work_on_export")
def work_on_export(export_id: int) -> None:
    """Write the file that somebody waits for."""
    record = ContactExport.objects.filter(pk=export_id).select_related("requested_by").first()
    if record is not None:
        exporting.write(record)


@app.periodic(cron="* * * * * */10")
@app.task(name="contacts.go_on_with_exports", queueing_lock="contacts.go_on_with_exports")
def go_on_with_exports(timestamp: int | None = None) -> None:
    """Find exports whose worker died or whose job was lost."""
    for pk in exporting.silent():
        work_on_export.defer(export_id=pk)
