"""Revmo's wire: everything that the product says to Revmo and understands of it. Neither Django nor any app of ours.

Documented by Revmo (its "Outbound SMS" guide):

- the call `POST /v1/startsms/`, its Bearer key and its six fields (`client`);
- agent ids are base64 (`agent_ids`); numbers are E.164.

Assumed by us, each in one place, because the guide is silent. Where Revmo turns out to differ, mend that place:

- what an answer means, and which failures prove that nothing was sent: the outcome table (`outcomes`, `faults`);
- under which names an answer carries the thread id (`outcomes.THREAD_ID_KEYS`);
- that `Idempotency-Key` does no harm, and that metadata comes back with events (`client`, `events.FieldMap`);
- the events: their kinds, fields, words (`events.FieldMap`);
- how they are signed: Standard Webhooks, else a token in the address (`signatures`).
"""
