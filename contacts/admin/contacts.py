"""Contacts and lists."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.db.models.functions import Reverse, Upper
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from unfold.decorators import display

from contacts import deleting
from contacts.admin import panels
from contacts.admin.base import NeededAdmin
from contacts.admin.exports import may_export
from contacts.attributes import show_value
from contacts.forms import ContactForm
from contacts.importing import provenance
from contacts.models import Attribute, Contact, ContactList, EarlierNumber
from contacts.phones import pretty


def search_contacts(queryset: QuerySet[Contact], term: str) -> QuerySet[Contact]:
    """By the beginning of a name, or by a number of now or earlier or its last digits; each answered by an index."""
    digits = "".join(character for character in term if character.isdigit())
    if digits and not any(character.isalpha() for character in term):
        # A union, because lists that are joined by "or" would be read through every row there is.
        now, *earlier = (*_by_number(queryset, "pk", digits), *_by_number(EarlierNumber.objects, "contact", digits))
        return queryset.filter(pk__in=now.union(*earlier))
    found = queryset.annotate(upper_first=Upper("first_name"), upper_last=Upper("last_name"))
    first, _, last = term.strip().upper().partition(" ")
    if last:
        return found.filter(upper_first__startswith=first, upper_last__startswith=last)
    return found.filter(upper_first__startswith=first) | found.filter(upper_last__startswith=first)


def _by_number(rows: Any, key: str, digits: str) -> Iterator[QuerySet[Any]]:
    ends = rows.annotate(reversed_phone=Reverse("phone")).filter(reversed_phone__startswith=digits[::-1])
    for found in (ends, rows.filter(phone__startswith=f"+{digits}")):
        yield found.order_by().values(key)


@admin.register(Contact)
class ContactAdmin(NeededAdmin):
    """Who this is, and whether we may text them."""

    form = ContactForm
    change_list_template = "contacts/contact_list.html"
    change_form_outer_before_template = "contacts/panels.html"
    list_display = ("who", "number", "may_text", "on_lists", "email", "created_at")
    list_filter = (("lists", admin.RelatedOnlyFieldListFilter), "consent_source")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("phone",)
    search_help_text = "Name, number or its last digits"
    readonly_fields = (
        "other_columns",
        "on_lists",
        "came_from",
        "earlier_numbers",
        "last_texted_at",
        "created_at",
        "updated_at",
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("first_name", "last_name"),
                    "phone",
                    ("email", "company"),
                    "time_zone",
                )
            },
        ),
        ("What we know", {"fields": ("other_columns", "on_lists", "came_from")}),
        ("Permission to text", {"fields": ("consent_source", "consent_at", "consent_text")}),
        ("Dates", {"fields": (("created_at", "updated_at", "last_texted_at"),)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Contact | None = None) -> Any:
        """With the numbers of earlier, where there are some."""
        (title, first), *others = super().get_fieldsets(request, obj)
        if obj and obj.earlier_numbers.exists():
            names, phone, *rest = first["fields"]
            first = {**first, "fields": (names, phone, "earlier_numbers", *rest)}
        return [(title, first), *others]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        """With the opt-out and the lists, for the whole page at once."""
        return Contact.objects.with_suppression().with_rest().prefetch_related("lists")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        """See `search_contacts`."""
        return (search_contacts(queryset, search_term) if search_term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, and for some the way to take it out."""
        found: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "may_export": may_export(request)}
        )
        return found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The person, with what packages above know of them, and the form below."""
        contact = self.get_object(request, object_id)
        shown = panels.shown(request, contact) if contact and self.has_view_permission(request, contact) else []
        page: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "panels": shown}
        )
        return page

    # A draft names the person: left out and then imported again, they would be texted.
    needed_by = staticmethod(deleting.people_needed_by)

    @display(description="name", ordering="last_name")
    def who(self, contact: Contact) -> str:
        """The name, or a word that there is none."""
        return contact.full_name or "No name"

    @display(description="number", ordering="phone")
    def number(self, contact: Contact) -> str:
        """The number as people read it."""
        return pretty(contact.phone)

    @display(description="earlier numbers")
    def earlier_numbers(self, contact: Contact) -> str:
        """The numbers that were theirs, the last one first."""
        return ", ".join(
            pretty(old.phone) + (f" (until {date_format(localtime(old.until))})" if old.until else "")
            for old in contact.earlier_numbers.all()
        )

    @display(description="may we text?", label={"Yes": "success", "Opted out": "danger", "Texts rest": "warning"})
    def may_text(self, contact: Contact) -> str:
        """Does an opt-out stand, or does somebody have yet to decide?"""
        if contact.at_rest:
            return "Texts rest"
        return "Opted out" if contact.opted_out else "Yes"

    @display(description="lists")
    def on_lists(self, contact: Contact) -> str:
        """The lists, by name."""
        return ", ".join(one.name for one in contact.lists.all()) or "–"

    @display(description="came from")
    def came_from(self, contact: Contact) -> SafeString | str:
        """The rows of the files that made the contact and that changed it since, the last ones first."""
        lines = provenance(contact)
        if not lines:
            return "Added by hand."
        page = "admin:contacts_contactimport_change"
        links = ((reverse(page, args=[line.import_id]), line.file_name, line.sentence) for line in lines)
        return format_html_join(
            format_html("<br>"), '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>: {}', links
        )

    @display(description="other columns")
    def other_columns(self, contact: Contact) -> SafeString | str:
        """The attributes as names and values."""
        if not contact.attributes:
            return "None. Further columns of an imported spreadsheet appear here and can be used as merge tags."
        known = {one.name: one for one in Attribute.objects.filter(name__in=contact.attributes)}
        pairs = sorted(
            (known[name].label, show_value(known[name].kind, value))
            if name in known
            else (name.replace("_", " "), show_value(Attribute.Kind.TEXT, value))
            for name, value in contact.attributes.items()
        )
        return format_html_join(format_html("<br>"), "{}: <strong>{}</strong>", pairs)


@admin.register(ContactList)
class ContactListAdmin(NeededAdmin):
    """A fixed set of people."""

    list_display = ("name", "people", "description", "created_at")
    search_fields = ("name",)
    fields = ("name", "description", "people")
    readonly_fields = ("people",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """The way to take a list out, for those who may."""
        shown: tuple[str, ...] = super().get_list_display(request)
        return (*shown, "file") if may_export(request) else shown

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactList]:
        """With the number of members."""
        return super().get_queryset(request).annotate(member_count=Count("memberships"))  # type: ignore[no-any-return]

    # A draft counts on the list: without it, whom the draft leaves out would be texted.
    needed_by = staticmethod(deleting.lists_needed_by)

    @display(description="people")
    def people(self, contact_list: Any) -> SafeString | str:
        """How many, opening who."""
        if contact_list.pk is None:
            return "Import a spreadsheet into the list once it is saved."
        address = f"{reverse('admin:contacts_contact_changelist')}?lists__id__exact={contact_list.pk}"
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
            address,
            contact_list.member_count,
        )

    @display(description="file")
    def file(self, contact_list: ContactList) -> SafeString:
        """To the form that exports the people of this list."""
        address = f"{reverse('admin:contacts_contactexport_add')}?lists__id__exact={contact_list.pk}"
        return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">Export</a>', address)
