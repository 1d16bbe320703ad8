"""Messages to start from, and phones that tests may go to."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.models import Account, AllowedNumber, SavedMessage
from contacts.models import Contact
from contacts.phones import InvalidPhone, parse_phone


@admin.register(SavedMessage)
class SavedMessageAdmin(ModelAdmin):
    """Kept from a draft, or written here."""

    list_display = ("name", "text", "updated_at")
    search_fields = ("name", "text")
    fields = ("name", "text")

    def save_model(self, request: HttpRequest, obj: SavedMessage, form: Any, change: bool) -> None:
        """Note whose it is."""
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)


class AllowedNumberForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A number as people write it; the name may be left to the contact of that number."""

    phone = forms.CharField(label="Number", widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "+12025550123"}))
    name = forms.CharField(
        label="Whose phone it is",
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="Empty: the name of the contact with this number.",
    )

    class Meta:
        model = AllowedNumber
        fields = ("phone", "name")

    def clean_phone(self) -> str:
        """International form."""
        account = Account.objects.order_by("pk").first() or Account()
        try:
            return parse_phone(self.cleaned_data["phone"], account.region).e164
        except InvalidPhone as problem:
            raise ValidationError(str(problem)) from problem

    def clean(self) -> dict[str, Any]:
        """A name from somewhere."""
        given: dict[str, Any] = super().clean() or {}
        if not given.get("name"):
            person = Contact.objects.filter(phone=given.get("phone", "")).first()
            given["name"] = person.full_name if person is not None else ""
        if not given["name"] and "phone" in given:
            self.add_error("name", "Say whose phone it is; no contact with a name has this number.")
        return given


@admin.register(AllowedNumber)
class AllowedNumberAdmin(ModelAdmin):
    """Who is on it gets tests, also in live mode."""

    form = AllowedNumberForm
    list_display = ("name", "phone", "added_by", "added_at")
    list_select_related = ("added_by",)
    search_fields = ("name", "phone")

    def save_model(self, request: HttpRequest, obj: AllowedNumber, form: Any, change: bool) -> None:
        """Note who put it on the list."""
        if not change:
            obj.added_by_id = request.user.pk
        super().save_model(request, obj, form, change)
