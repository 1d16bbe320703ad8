"""Merge tags: what staff may write, and what becomes of it for one person. Pure.

The language is Liquid without loops. A template sees the person's values and nothing else: no files, no settings,
nobody else's data. `language` has the limits, `templates` what one writes, `plain` the fast way for most of it.
"""

from campaigns.composing.templates import (
    PERSON_FIELDS,
    Compiled,
    HeldBack,
    TemplateProblem,
    check_names,
    compile_text,
    is_blank,
)

__all__ = ["PERSON_FIELDS", "Compiled", "HeldBack", "TemplateProblem", "check_names", "compile_text", "is_blank"]
