"""The demo's data: a small clinic, its agent, and people on numbers of the range kept for fiction."""

from datetime import UTC, datetime, timedelta, timezone

from django.contrib.auth.models import User
from django.db import transaction

from campaigns.drafting import draft
from campaigns.models import Account, Agent, AllowedNumber, SavedMessage, Trigger, TriggerKey
from contacts.models import Attribute, Contact, ContactList, Membership

NAMES = (
    "Maria Alvarez", "James Carter", "Aisha Khan", "Tom Becker", "Linh Nguyen",
    "Grace Osei", "Peter Novak", "Sofia Rossi",
    "Daniel Kim", "Hannah Weiss", "Omar Haddad", "Emily Brooks", "Lucas Martin",
    "Priya Shah", "Noah Schmidt", "Chloe Dubois",
    "Samuel Reyes", "Fatima Noor", "Jack Murphy", "Elena Petrova", "Ben Cohen", "Rosa Silva", "Henry Adams", "Mei Chen",
)  # fmt: skip
EASTERN = timezone(timedelta(hours=-5))
CITIES = ("Washington", "Arlington", "Bethesda")
# What the agent needs to know: key, kind, required, description, example, default.
KEYS = {
    "appointment_reminder": (
        ("customer_name", "text", True, "As the agent greets them.", "Maria Alvarez", ""),
        ("appointment_time", "moment", True, "When they are expected.", "2030-01-07T14:00:00-05:00", ""),
        ("location", "text", False, "Which of our offices.", "Bethesda", "our main office"),
    ),
    "feedback_request": (("visited_on", "text", False, "The day of the visit.", "last Monday", ""),),
}
COLUMNS = {"city": "City", "appointment_time": "Appointment"}
SAVED = {
    "Appointment reminder": (
        '{{ business_name }}: Hi {{ first_name | default: "there" }}, we expect you on '
        '{{ appointment_time | date: "%A, %B %-d at %-I:%M %p" }}. Reply STOP to opt out.'
    ),
}
SAMPLE = (
    '{{ business_name }}: Hi {{ first_name | default: "there" }}, it is time for your spring check-up. '
    "Does next week suit you? Reply STOP to opt out."
)
TRIGGERS = {
    "appointment_reminder": "Reminds of an appointment, confirms it or finds another time.",
    "status_update": "Tells how far an order or a request has come and answers questions about it.",
    "feedback_request": "Asks how the visit was and hands unhappy people to a human.",
}
# Numbers that the simulator gives a will of their own; simulator/outcomes.py has the table.
SPECIAL = {
    "90": "Una Delivered", "91": "Sid Slow", "92": "Erin Error", "93": "Rex Reset", "95": "Rita Replies",
    "96": "Stan Stopper", "97": "Hugo Human", "98": "Beth Busy", "99": "Rob Refused",
}  # fmt: skip


def load() -> None:
    """Make it once; a second demo finds what the first has left."""
    with transaction.atomic():
        if User.objects.filter(username="demo").exists():
            return
        # The password is printed on the screen and serves on this machine alone.
        User.objects.create_superuser("demo", "demo@example.com", "demo", first_name="Dana", last_name="Demo")
        account = Account.objects.order_by("pk").first() or Account()
        account.name, account.messages_per_second = "Riverside Clinic", 100
        account.save()
        agent, _ = Agent.objects.get_or_create(
            agent_id="cml2ZXJzaWRlLWZyb250LWRlc2s=",
            defaults={
                "account": account,
                "name": "Front desk",
                "is_default": not Agent.objects.filter(is_default=True).exists(),
            },
        )
        for phrase, description in TRIGGERS.items():
            trigger, _ = Trigger.objects.get_or_create(
                agent=agent, phrase=phrase, defaults={"description": description}
            )
            _keys(trigger)
        for name, label in COLUMNS.items():
            Attribute.objects.get_or_create(name=name, defaults={"label": label})
        for name, text in SAVED.items():
            SavedMessage.objects.get_or_create(name=name, defaults={"text": text})
        AllowedNumber.objects.get_or_create(phone="+12025550189", defaults={"name": "Dana’s phone"})
        _people()
        # At any hour, so that a first look at night shows texts that go out as well.
        draft(
            name="Spring check-up (a sample)",
            lists=["Patients", "Numbers with surprises"],
            message=SAMPLE,
            agent=agent.name,
            any_hour=True,
        )


def _keys(trigger: Trigger) -> None:
    for key, kind, required, description, example, default in KEYS.get(trigger.phrase, ()):
        TriggerKey.objects.get_or_create(
            trigger=trigger,
            key=key,
            defaults={
                "kind": kind,
                "required": required,
                "description": description,
                "example": example,
                "default": default,
            },
        )


def _people() -> None:
    patients = [_person(name, f"+120255501{index:02d}", index) for index, name in enumerate(NAMES)]
    special = [_person(name, f"+120255501{digits}", int(digits)) for digits, name in SPECIAL.items()]
    for name, description, people in (
        ("Patients", "Everybody who has visited us.", patients),
        ("Numbers with surprises", "Each meets another outcome in the simulator.", special),
    ):
        made, _ = ContactList.objects.get_or_create(name=name, defaults={"description": description})
        Contact.objects.bulk_create(people, ignore_conflicts=True)
        found = Contact.objects.filter(phone__in=[person.phone for person in people])
        Membership.objects.bulk_create(
            [Membership(contact=contact, contact_list=made) for contact in found], ignore_conflicts=True
        )


def _person(name: str, phone: str, index: int) -> Contact:
    first, _, last = name.partition(" ")
    return Contact(
        phone=phone,
        first_name=first,
        last_name=last,
        email=f"{first.lower()}@example.com",
        attributes={
            "city": CITIES[index % len(CITIES)],
            "appointment_time": datetime(2030, 1, 7 + index % 20, 9 + index % 8, tzinfo=EASTERN).isoformat(),
        },
        consent_source=Contact.ConsentSource.FORM,
        consent_at=datetime(2026, 1, 15, 15, tzinfo=UTC),
        consent_text="Yes, text me about my appointments.",
    )
