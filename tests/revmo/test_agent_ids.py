import pytest

from revmo.agent_ids import check_agent_id


@pytest.mark.parametrize("text", ["YWdlbnQ=", "YWdlbnQtMQ==", "YWdlbnQx", "+/+/", "-_-_", "  YWdlbnQ=\n"])
def test_it_takes_padded_base64_of_either_alphabet(text: str) -> None:
    assert check_agent_id(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "=",
        "====",
        "YWdlbnQ",
        "YWdl bnQ=",
        "YQ==YQ==",
        "+_+_",
        "agent 7!",
        "YWdlbnQ＝",
        "é123",
        "YWdl\x00bnQ=",
    ],
)
def test_it_says_in_words_what_an_agent_id_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"Copy it whole from the account page"):
        check_agent_id(text)
