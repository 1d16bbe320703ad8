"""“Why didn't Jane get it?”: one campaign, one person, one answer."""

from dataclasses import dataclass

from campaigns.audience import clock_of, excluded, included
from campaigns.choices import Choice
from campaigns.models import Campaign, Mode, RehearsedText, Send
from campaigns.segmenting import Catalogue, QuestionProblem
from contacts.models import Contact
from conversations.story import sentence_of


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence and its tone: good, warn, bad or nothing."""

    sentence: str
    tone: str = ""


def why(contact: Contact, campaign: Campaign) -> Answer:
    """What this person got of the campaign, or what kept it from them."""
    sends = Send.objects.filter(campaign=campaign, contact=contact).order_by("-resend_number")
    if send := sends.first():
        return Answer(*sentence_of(send))
    if campaign.launched_at is None:
        return Answer(f"“{campaign}” has not been launched. {_as_it_stands(contact, campaign)}")
    if campaign.mode != Mode.current():
        return Answer(f"“{campaign}” was launched in another mode ({campaign.get_mode_display()}).")
    rehearsal = campaign.rehearsals.first()
    text = RehearsedText.objects.filter(rehearsal=rehearsal, contact=contact).first()
    if text is not None and text.outcome != RehearsedText.Outcome.WILL_SEND:
        return Answer(f"“{campaign}” left them out: {text.reason}", "warn")
    if contact.created_at > campaign.launched_at:
        return Answer(f"“{campaign}” was launched before we knew this person.", "warn")
    return Answer(
        f"They were not among those for whom “{campaign}” was launched. {_as_it_stands(contact, campaign)}", "warn"
    )


def _as_it_stands(contact: Contact, campaign: Campaign) -> str:
    """Whether the audience, asked today, holds this person."""
    choice, clock, catalogue = Choice.of(campaign), clock_of(campaign.agent.account), Catalogue.load()
    me = Contact.objects.filter(pk=contact.pk)
    try:
        if not any(me.filter(reason.holds).exists() for reason in included(choice, catalogue, clock)):
            return "As things stand, they are on none of its lists and in none of its segments."
        for reason in excluded(choice, catalogue, clock):
            if me.filter(reason.holds).exists():
                return f"As things stand, it leaves out those who {reason.words}, and they do."
    except QuestionProblem as problem:
        return str(problem)
    return "As things stand, it is for them too."
