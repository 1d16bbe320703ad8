"""One worker's part in the bench of the queue: claim, intent and result by its own functions, without a call between.

`python -m bench.claiming ACCOUNT` says `ready`, begins at a line on its input and prints how many rows it did, when it
began and when it ended (the monotonic clock, which processes of one machine share).
"""

import os
import sys
import time

import django

CLAIM, GROUP, LEASE = 400, 128, 60.0


def main() -> None:
    """Until nothing is left."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revmo_campaigns.settings")
    django.setup()
    from campaigns.models import Account, Mode
    from campaigns.sending import intents, queue, results, retrying
    from revmo.outcomes import Outcome, Verdict

    account = Account.objects.get(pk=int(sys.argv[1]))
    yes = Outcome(Verdict.ACCEPTED, "accepted", thread_id="thread", http_status=200)
    print("ready", flush=True)
    sys.stdin.readline()
    begin, rows = time.monotonic(), 0
    while claims := queue.claim(account, Mode.SIMULATOR, CLAIM, LEASE):
        while claims:
            going, _ = intents.commit_intents(account, Mode.SIMULATOR, claims[:GROUP], LEASE)
            claims = claims[GROUP:] + going.waiting
            rows += len(results.record([retrying.result_of(one, yes, 0.05) for one in going.posting]))
    print(rows, begin, time.monotonic(), flush=True)


if __name__ == "__main__":
    main()
