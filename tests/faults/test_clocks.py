"""A worker whose own clock is wrong, or jumps: the database's decides what is due, too late or outside its window."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Account
from tests.faults import workers
from tests.faults.promises import campaign_of
from tests.faults.server import revmo
from tests.makers import number
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
HALF = timedelta(minutes=30)


@pytest.mark.parametrize("jumps", [(1,), (-1,), (1, -1, 0)], ids=["an hour ahead", "an hour behind", "to and fro"])
def test_no_text_leaves_outside_its_time(jumps: tuple[int, ...]) -> None:
    campaign = campaign_of(40)
    Account.objects.get().windows.all().delete()  # so that nothing has a next window
    now = timezone.now()
    times = [
        {"window_ends_at": now - HALF},  # over
        {"expires_at": now - HALF},  # over
        {"due_at": now + HALF},  # to come
        {"window_ends_at": now + HALF, "expires_at": now + HALF},  # now
    ]
    for place, fields in enumerate(times):
        campaign.sends.filter(to__in=[number(index) for index in range(place, 40, 4)]).update(**fields)
    with revmo() as server:
        worker = workers.start(server.url, clock=jumps)
        wait_until(lambda: set(campaign.sends.values_list("state", flat=True)) == {"accepted", "expired", "queued"})
        wait_until(lambda: not campaign.sends.filter(state__in=["claimed", "posting"]).exists())
        assert workers.end(worker) == 0
        assert set(server.requests) == {number(index) for index in range(3, 40, 4)}
        assert set(server.requests.values()) == {1}
    ends = [set(campaign.sends.filter(**fields).values_list("state", flat=True)) for fields in times]
    assert ends == [{"expired"}, {"expired"}, {"queued"}, {"accepted"}]
