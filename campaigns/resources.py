"""The columns of the history, declared once for every export."""

from import_export.fields import Field

from campaigns.models import Send
from contacts.exporting import FormulaSafeResource


class SendResource(FormulaSafeResource):
    """One text a row."""

    to = Field(attribute="to", column_name="Number")
    first_name = Field(attribute="contact__first_name", column_name="First name")
    last_name = Field(attribute="contact__last_name", column_name="Last name")
    campaign = Field(attribute="campaign__name", column_name="Campaign")
    kind = Field(attribute="get_kind_display", column_name="Kind")
    text = Field(attribute="text", column_name="Text")
    state = Field(attribute="get_state_display", column_name="State")
    reason = Field(attribute="reason", column_name="Why")
    delivery = Field(attribute="get_delivery_display", column_name="Delivery")
    thread_id = Field(attribute="thread_id", column_name="Revmo's thread")
    posted_at = Field(attribute="posted_at", column_name="Sent at (UTC)")
    replied_at = Field(attribute="replied_at", column_name="Replied at (UTC)")

    class Meta:
        model = Send
        fields = (
            "to",
            "first_name",
            "last_name",
            "campaign",
            "kind",
            "text",
            "state",
            "reason",
            "delivery",
            "thread_id",
            "posted_at",
            "replied_at",
        )
        export_order = fields
