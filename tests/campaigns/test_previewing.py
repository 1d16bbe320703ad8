"""The message while it is written: at whom one looks, what the fields are, where keys come from."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.audience import clock_of
from campaigns.choices import Choice
from campaigns.glimpsing import Glimpse
from campaigns.mapping import KeyMapping
from campaigns.merge_fields import merge_fields
from campaigns.models import Account, Campaign, SavedMessage, Trigger, TriggerKey
from campaigns.previewing import Pick, look, preview
from contacts.models import Attribute, Contact
from tests.makers import make_account, make_agent, make_contacts, make_list, number

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[Contact]:
    Attribute.objects.create(name="city", label="Home town")
    return [
        Contact.objects.create(phone=number(0), first_name="Al", attributes={"city": "Rome"}),
        Contact.objects.create(phone=number(1), first_name="Bartholomew", attributes={"city": "Washington"}),
        Contact.objects.create(phone=number(2), first_name="", attributes={"city": ""}),
    ]


NAMES = ("first_name", "city")


def everybody() -> Glimpse:
    return Glimpse(Choice(people=list(Contact.objects.all())), clock_of(Account()))


def looked_at(pick: Pick, at: int = 0, kept: str = "") -> Contact | None:
    return look(everybody(), pick, at, NAMES, kept).person


class TestWhomToLookAt:
    def test_first_longest_and_blanks(self, people: list[Contact]) -> None:
        al, bart, nobody = people
        assert looked_at(Pick.FIRST) == al
        assert looked_at(Pick.LONGEST) == bart
        assert looked_at(Pick.BLANKS) == nobody
        assert looked_at(Pick.RANDOM) in people

    def test_one_can_flip_and_ends_at_the_beginning_again(self, people: list[Contact]) -> None:
        assert looked_at(Pick.FIRST, 1) == people[1]
        assert looked_at(Pick.LONGEST, 1) == people[0]
        assert looked_at(Pick.FIRST, 3) == people[0]

    def test_who_is_shown_stays_while_the_words_change(self, people: list[Contact]) -> None:
        assert looked_at(Pick.FIRST, 0, str(people[2].pk)) == people[2]
        assert look(Glimpse(Choice(), clock_of(Account())), Pick.FIRST, 0, NAMES, str(people[2].pk)).person is None

    def test_who_was_asked_for_is_shown_while_they_are_in_the_audience(self, people: list[Contact]) -> None:
        assert looked_at(Pick.ASKED, 0, str(people[1].pk)) == people[1]
        gone = look(everybody(), Pick.ASKED, 0, NAMES, "0")
        assert (gone.pick, gone.person) == (Pick.FIRST, people[0])

    def test_without_merge_tags_nobody_has_a_blank(self, people: list[Contact]) -> None:
        assert look(everybody(), Pick.BLANKS, 0, ()).person is None


class TestWhatIsSaid:
    def draft(self, message: str) -> Campaign:
        return Campaign(agent=make_agent(make_account()), message=message)

    def test_parts_are_counted_as_typed_and_after_merging(self, people: list[Contact]) -> None:
        shown = preview(self.draft("x" * 150 + "{{ first_name }}"), everybody(), Pick.FIRST, 0)
        assert shown.typed is not None
        assert shown.typed.units == 150
        assert shown.merged == "Of the first 3: 1 × 1 part, 1 × 2 parts, 1 held back"

    def test_characters_of_a_persons_own_data_are_named(self, people: list[Contact]) -> None:
        Contact.objects.filter(pk=people[0].pk).update(first_name="Ál")
        shown = preview(self.draft("Hi {{ first_name }}"), everybody(), Pick.FIRST, 0)
        assert shown.data_costs == "Á"

    def test_a_typo_is_told_and_quotes_of_a_word_processor_are_offered_to_be_mended(
        self, people: list[Contact]
    ) -> None:
        assert "Did you mean" in preview(self.draft("{{ frist_name }}"), everybody(), Pick.FIRST, 0).problem
        curly = preview(self.draft("{{ first_name | default: “x” }}"), everybody(), Pick.FIRST, 0)
        assert curly.problem
        assert [one.repair for one in curly.advice] == ["characters"]


class TestMergeFields:
    def test_each_has_an_example_and_how_many_have_none(self, people: list[Contact]) -> None:
        Attribute.objects.create(name="unused", label="Nobody has it")
        fields = {one.name: one for one in merge_fields(Contact.objects.all(), "Acme")}
        assert (fields["first_name"].example, fields["first_name"].blank, fields["first_name"].of) == ("Al", 1, 3)
        assert (fields["city"].label, fields["city"].example, fields["city"].blank) == ("Home town", "Rome", 1)
        assert (fields["business_name"].example, fields["business_name"].blank) == ("Acme", 0)
        assert (fields["company"].example, fields["company"].blank) == ("", 3)
        assert "unused" not in fields


class TestKeys:
    def trigger(self) -> Trigger:
        made = Trigger.objects.create(agent=make_agent(), phrase="reminder")
        for key, kind in (("city", "text"), ("customer_name", "text"), ("seats", "number")):
            TriggerKey.objects.create(trigger=made, key=key, kind=kind)
        return made

    def chosen(self, metadata: dict[str, Any], posted: dict[str, Any] | None = None) -> dict[str, Any]:
        return KeyMapping(self.trigger(), metadata, posted).sources()

    def test_a_field_of_the_same_name_is_proposed(self, people: list[Contact]) -> None:
        assert self.chosen({}) == {"city": "{{ city }}", "customer_name": "{{ full_name }}"}

    def test_what_the_campaign_has_comes_back_as_it_was(self, people: list[Contact]) -> None:
        kept = {"city": "{{ first_name }}", "customer_name": "Dear {{ last_name }}", "seats": 3}
        assert self.chosen(kept) == kept

    def test_words_of_the_wrong_kind_are_told_at_their_row(self, people: list[Contact]) -> None:
        trigger = self.trigger()
        seats = trigger.keys.get(key="seats")
        rows = KeyMapping(trigger, {}, {f"key-{seats.pk}": "write", f"key-{seats.pk}-words": "many"})
        assert rows.is_wrong("US")
        assert [row.problem for row in rows if row.problem] == ["“many” is not a number."]


class TestPage:
    def post(self, client: Client, part: str, **fields: Any) -> str:
        form = {"name": "Spring", "agent": make_agent().pk, "agent_enabled": "on", "message": "Hi", **fields}
        answer = client.post(reverse(f"admin:campaigns_campaign_{part}"), form)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_a_preview_before_anything_is_chosen(self, admin_client: Client) -> None:
        assert "Choose whom to text" in self.post(admin_client, "preview")

    def test_whoever_is_in_it_can_be_looked_at_with_what_the_agent_will_know(self, admin_client: Client) -> None:
        person, other = make_contacts(2)
        chosen = {"lists": [make_list([person]).pk], "message": "Hi {{ first_name }}", "metadata": "who: {{ phone }}"}
        assert "See their text" in self.post(admin_client, "asked", asked=person.phone, **chosen)
        assert "See their text" not in self.post(admin_client, "asked", asked=other.phone, **chosen)
        shown = self.post(admin_client, "preview", preview_pick="asked", preview_person=person.pk, **chosen)
        assert "Hi Person 0" in shown
        assert f"<td>{person.phone}</td>" in shown
        assert 'aria-pressed="true"' not in shown

    def test_a_message_is_kept_once_under_a_name(self, admin_client: Client) -> None:
        assert "Kept as “Hello”." in self.post(admin_client, "keep", saved_name="Hello")
        assert "already exists" in self.post(admin_client, "keep", saved_name="Hello")
        assert "is not closed" in self.post(admin_client, "keep", saved_name="Bad", message="{{ x")
        kept = SavedMessage.objects.get()
        assert "Hi</textarea>" in self.post(admin_client, "saved", saved=kept.pk, message="").replace("\n", "")

    def test_a_line_break_is_one_character(self, admin_client: Client) -> None:
        form = {"name": "Spring", "agent": make_agent().pk, "agent_enabled": "on", "message": "a\r\nb"}
        form |= {"lists": [make_list(make_contacts(1)).pk], "version": 0}
        admin_client.post(reverse("admin:campaigns_campaign_add"), form | {"_save": ""})
        assert Campaign.objects.get().message == "a\nb"

    def test_keys_are_mapped_and_saved(self, admin_client: Client) -> None:
        trigger = Trigger.objects.create(agent=make_agent(), phrase="reminder")
        key = TriggerKey.objects.create(trigger=trigger, key="who")
        form = {"name": "Spring", "agent": trigger.agent.pk, "trigger": trigger.pk, "agent_enabled": "on", "version": 0}
        form |= {"lists": [make_list(make_contacts(1)).pk], f"key-{key.pk}": "field:full_name", "metadata": "note: x"}
        admin_client.post(reverse("admin:campaigns_campaign_add"), form | {"_save": ""})
        saved = Campaign.objects.get()
        assert saved.metadata == {"who": "{{ full_name }}", "note": "x"}
        page = admin_client.get(reverse("admin:campaigns_campaign_change", args=[saved.pk])).content.decode()
        assert '<option value="field:full_name" selected>' in page
        assert "note: x" in page
        assert "who: {{" not in page
