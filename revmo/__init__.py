"""Revmo's wire: everything that the product says to Revmo and understands of it. Neither Django nor any app of ours.

Documented by Revmo ("Outbound SMS" guide): the call `POST /v1/startsms/` with a Bearer key and its six fields.
Assumed by us, each in one function: the shape of the answer (`outcomes`), which failures prove that nothing left
(`client`), the events and their signature (`events`, `signatures`).
"""
