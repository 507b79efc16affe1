import pytest

from tests.memory.extraction.dialogues import values


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["i want to book a flight", "wanda brandt", "oslo to bergen", "26082026"],
            [
                ("customer_name", "Wanda Brandt"),
                ("departure_city", "oslo"),
                ("arrival_city", "bergen"),
                ("start_date", "26082026"),
            ],
        ),
        (
            ["check my seat please", "wanda k 87 j 56", "window seat", "a 7"],
            [
                ("booking_reference", "k 87 j 56"),
                ("customer_name", "Wanda"),
                ("seat", "window seat"),
                ("seat", "a 7"),
            ],
        ),
        (
            ["boarding pass for 3 persons", "wanda 52 gmailcom"],
            [("passengers", "3"), ("email", "wanda 52 gmailcom")],
        ),
        (
            ["i need proof of insurance", "wanda", "toyota yaris 2017"],
            [
                ("customer_name", "Wanda"),
                ("vehicle_brand", "toyota"),
                ("vehicle_model", "yaris"),
                ("vehicle_year", "2017"),
            ],
        ),
        (
            ["status of my claim", "wanda", "qrx 752197308", "lmx 603"],
            [
                ("customer_name", "Wanda"),
                ("policy_id", "qrx 752197308"),
                ("claim_id", "lmx 603"),
            ],
        ),
        (
            ["i want new cable service", "oslo 98101", "5 gb"],
            [
                ("service_type", "cable"),
                ("city", "oslo"),
                ("zip_code", "98101"),
                ("plan", "5 gb"),
            ],
        ),
        (
            ["2 strawberry milkshake please", "pay by cash", "12 elm street ma 02301"],
            [
                ("product", "strawberry milkshake"),
                ("quantity", "2"),
                ("payment_method", "cash"),
                ("street_address", "12 elm street ma 02301"),
            ],
        ),
        (
            ["error on my credit card bill", "wanda", "22 june and amount 65"],
            [
                ("customer_name", "Wanda"),
                ("charge_date", "22 june"),
                ("amount", "65"),
            ],
        ),
        (
            ["i want to report travel expenses", "hotel 65 and food 90"],
            [
                ("amount", "65"),
                ("amount", "90"),
                ("expense_type", "hotel"),
                ("expense_type", "food"),
            ],
        ),
        (
            ["my outlook is slow", "wanda 4689", "blue harbor ltd"],
            [
                ("software", "outlook"),
                ("customer_name", "Wanda"),
                ("account_id", "4689"),
                ("company", "blue harbor ltd"),
            ],
        ),
        (
            ["i need 2 keyboards", "psr ew 410"],
            [
                ("quantity", "2"),
                ("product", "keyboards"),
                ("product_code", "psr ew 410"),
            ],
        ),
    ],
)
def test_terse_messages_are_read_by_shape_and_topic(
    lines: list[str], expected: list[tuple[str, str]]
) -> None:
    found = values(*(f"C: {line}" for line in lines))
    assert set(expected) <= set(found)


@pytest.mark.parametrize(
    "lines",
    [
        ["hi", "ok thank you", "nothing else", "have a great day"],
        ["hello robin", "are you there", "ok sure", "bye"],
        ["i want a flight", "yes please", "ok", "no thanks"],
    ],
)
def test_terse_small_talk_names_nobody(lines: list[str]) -> None:
    found = dict(values(*(f"C: {line}" for line in lines)))
    assert "customer_name" not in found


def test_punctuated_turns_are_not_read_by_shape() -> None:
    assert values("C: I want to book a flight.", "C: Wanda k 87 j 56") == [
        ("intent", "book a flight")
    ]
