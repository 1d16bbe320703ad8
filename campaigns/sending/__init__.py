"""From a queued send to a recorded outcome, at most once.

- `owing`: one text outside a campaign, a test or a reply of staff.
- `queue`: the guarded statements that move a send (claim, intent, result, reap).
- `pacing`: how many may leave now.
- `engine`: the loop that ties them to sockets.
- `housekeeping`: what happens by the clock: campaigns that begin, expire or finish.
"""
