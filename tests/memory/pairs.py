"""Pairs of statements about one customer, under one key: the same thing, or not.

Written for measuring the threshold of `memory.facts.duplicates`.
"""

SAME = """\
issue | the parcel has not arrived | my package never arrived
issue | the laptop won't turn on | laptop does not turn on
issue | I was charged twice | I got charged two times
issue | the app keeps crashing | the app crashes all the time
issue | cannot log in to my account | I can't log into my account
issue | I can't sign in | unable to sign in
issue | the screen is cracked | screen has a crack
issue | the zipper is broken | the zip broke
issue | my order arrived late | the order came late
issue | the wrong size was sent | they sent the wrong size
issue | the wrong colour was delivered | I received the wrong colour
issue | the refund has not come through | I have not received my refund
issue | the internet is very slow | internet connection is really slow
issue | the battery drains fast | battery drains very quickly
issue | the printer is not printing | printer won't print
issue | the washing machine leaks | water leaks from the washing machine
issue | the promo code doesn't work | promo code is not working
issue | the sofa arrived damaged | the sofa was damaged on arrival
issue | the invoice is missing | I never got the invoice
issue | there is a charge that I don't recognise | an unknown charge is on my bill
issue | the order never arrived | order not delivered
issue | no sound from the left speaker | the left speaker has no sound
issue | package was stolen from the porch | my parcel got stolen from the porch
intent | cancel my order | cancel the order please
intent | return the shoes | return my shoes
intent | get a refund | receive a refund
intent | change my delivery address | update the delivery address
intent | upgrade my plan | upgrade to a better plan
intent | close my account | close the account for good
intent | book a flight | book a plane ticket
intent | exchange the jacket | swap the jacket
intent | know when the parcel arrives | know when the package will arrive
intent | speak to a manager | talk to a manager
intent | reset the router | restart the router
intent | track my parcel | track the parcel
likes | dark roast coffee | dark-roasted coffee
likes | hiking in the mountains | mountain hiking
likes | to read crime novels | reading crime novels
likes | spicy food | food that is spicy
likes | the new design | the new design very much
likes | playing chess | to play chess
likes | window seats | seats by the window
likes | classical music | to listen to classical music
likes | photography | taking photographs
dislikes | loud music | music that is loud
dislikes | phone calls | being called by phone
dislikes | long queues | waiting in long queues
dislikes | olives | olives at all
prefers | deliveries in the morning | morning deliveries
prefers | paper invoices | invoices on paper
prefers | aisle seats | an aisle seat
prefers | short answers | brief answers
prefers | vegetarian meals | vegetarian food
prefers | email over phone | e-mail over phone
prefers | to pay by card | paying by card
product | a red bicycle | the red bicycle
product | wireless headphones | the wireless headphones
product | coffee machine | the coffee maker
product | running shoes | pair of running shoes
hobby | gardening | working in the garden
has | two cats | 2 cats
event | got married in June 2024 | married in June 2024
pending_action | send the replacement lamp | sending a replacement lamp
pending_action | call the customer back | give the customer a call back
"""

DIFFERENT = """\
prefers | email | phone
prefers | to be contacted by email | to be contacted by phone
prefers | email over phone | phone over email
prefers | morning deliveries | evening deliveries
prefers | aisle seats | window seats
prefers | paper invoices | electronic invoices
prefers | to pay by card | to pay by invoice
prefers | deliveries on Monday | deliveries on Tuesday
prefers | to be called before noon | to be called after noon
prefers | tea | coffee
prefers | no calls | calls
likes | coffee | decaf coffee
likes | red shoes | blue shoes
likes | dogs | cats
likes | spicy food | mild food
likes | the old design | the new design
likes | sweet wine | dry wine
likes | summer | winter
likes | size 42 | size 43
likes | Mozart | Beethoven
likes | to travel to Spain | to travel to Portugal
likes | Apple products | Samsung products
likes | swimming | sailing
dislikes | phone calls | video calls
dislikes | being called in the morning | being called in the evening
dislikes | peanuts | walnuts
issue | order 5512 has not arrived | order 5513 has not arrived
issue | charged twice in May | charged twice in June
issue | the first order is late | the second order is late
issue | the left speaker is broken | the right speaker is broken
issue | the front wheel is bent | the back wheel is bent
issue | cannot log in | cannot log out
issue | the laptop won't turn on | the laptop won't turn off
issue | the parcel has arrived | the parcel has not arrived
issue | the app works | the app does not work
issue | the screen is cracked | the screen is flickering
issue | the invoice is too high | the invoice is too low
issue | the shoes are too big | the shoes are too small
issue | the soup was too hot | the soup was too cold
issue | the washing machine leaks | the dishwasher leaks
issue | my iPhone 12 is broken | my iPhone 13 is broken
issue | the refund was 20 dollars short | the refund was 30 dollars short
issue | the blue jacket arrived torn | the black jacket arrived torn
issue | the email was not delivered | the parcel was not delivered
issue | the charger is missing | the cable is missing
issue | password reset does not work | two-factor login does not work
issue | was overcharged | was undercharged
issue | the download fails | the upload fails
issue | the order arrived late | the order arrived early
issue | Anna has not called back | Peter has not called back
intent | cancel my order | change my order
intent | cancel the subscription | renew the subscription
intent | upgrade my plan | downgrade my plan
intent | return the shoes | return the jacket
intent | return the shoes | exchange the shoes
intent | open an account | close an account
intent | book a flight to Rome | book a flight to Paris
intent | add a passenger | remove a passenger
intent | buy two tickets | buy three tickets
intent | increase the limit | decrease the limit
intent | change my billing address | change my delivery address
intent | change my name | change my address
intent | activate the card | deactivate the card
intent | block the card | unblock the card
intent | subscribe to the newsletter | unsubscribe from the newsletter
intent | enable notifications | disable notifications
intent | get a refund | get a replacement
intent | check in online | check out online
intent | pay the bill | dispute the bill
intent | move the booking to Friday | move the booking to Saturday
product | red bicycle | green bicycle
product | laptop | laptop bag
product | phone | phone case
product | iPad | iPad Pro
product | Galaxy S21 | Galaxy S22
product | wireless headphones | wired headphones
product | men's shirt | women's shirt
product | small pizza | large pizza
product | pizza with mushrooms | pizza without mushrooms
product | 13 inch laptop | 15 inch laptop
product | running shoes | tennis shoes
product | washing machine | coffee machine
product | cotton sheets | silk sheets
has | two cats | three cats
has | a dog | a cat
has | an older brother | a younger brother
has | a car | an electric car
hobby | painting | printing
hobby | gardening | cooking
event | moved in June 2024 | moved in July 2024
event | got married in 2019 | got divorced in 2019
event | moved to Rome | moved from Rome
event | bought a house | sold the house
event | started a new job | quit the job
event | visited Lisbon | visited Porto
pending_action | refund order 771 | refund order 772
pending_action | call Anna back | call Peter back
pending_action | send the contract | send the invoice
pending_action | ship the lamp | ship the table
service_type | home internet | home insurance
software | Outlook | Outlook Express
relative | son | daughter
relative | sister in Ghent | brother in Ghent
favourite_team | the Reds | the Blues
pet_food | chicken flavour | fish flavour
"""


def read(lines: str) -> list[tuple[str, str, str]]:
    """The pairs as (key, left, right)."""
    rows = [
        tuple(part.strip() for part in row.split("|")) for row in lines.splitlines()
    ]
    return [(key, left, right) for key, left, right in rows]


# Written after the rules, and never used to change them.
UNSEEN_SAME = """\
issue | the heating does not work | the heating isn't working
issue | my card was declined | the card got declined
issue | the delivery driver was rude | the driver of the delivery was rude
issue | the kettle stopped working | kettle has stopped working
issue | the video freezes | the video is freezing all the time
issue | the tickets have not been sent | I have not been sent my tickets
issue | the lid of the jar is loose | the jar's lid is loose
issue | the bank account is blocked | my bank account got blocked
issue | the bill is wrong | the invoice is wrong
issue | the package was not delivered | the parcel never arrived
intent | return a pair of boots | return the boots
intent | change the phone number | update my phone number
intent | book two seats | book 2 seats
intent | download the invoice again | downloading the invoice
intent | cancel both tickets | cancel the two tickets
intent | get the money back | get my money back
likes | baking bread | to bake bread
likes | the quick replies | quick replies
likes | walks on the beach | to walk on the beach
dislikes | automatic renewals | the automatic renewal
dislikes | being put on hold | to be put on hold
prefers | parcels at the back door | the parcel at the back door
prefers | window blinds in white | white window blinds
prefers | sign-in with a code | to log in with a code
product | a leather sofa | the leather sofa
product | garden chairs | the garden chair
hobby | collecting stamps | stamp collecting
has | three children | 3 children
pending_action | refund the shipping costs | refunding the shipping costs
pending_action | repair the fridge | fix the fridge
"""

UNSEEN_DIFFERENT = """\
issue | the heating does not work | the cooling does not work
issue | the heating works again | the heating does not work
issue | the kettle leaks at the top | the kettle leaks at the bottom
issue | the ticket was sent to Bob | the ticket was sent to Rob
issue | my credit card was declined | my debit card was declined
issue | the upper shelf is missing | the lower shelf is missing
issue | the price went up | the price went down
issue | charged before delivery | charged after delivery
issue | flight BA117 was cancelled | flight BA118 was cancelled
issue | the door opens inwards | the door opens outwards
issue | overpaid in March | underpaid in March
issue | the lamp is too bright | the lamp is too dim
issue | the sender never answered | the sender answered
intent | extend the lease | end the lease
intent | move from Ghent | move to Ghent
intent | book two seats | book four seats
intent | lock the account | unlock the account
intent | raise the limit | lower the limit
intent | get a receipt | get a recipe
intent | buy a used car | sell a used car
intent | install the app | uninstall the app
intent | add insurance | drop insurance
likes | walks before breakfast | walks after breakfast
likes | Python | Java
likes | white wine | red wine
likes | short replies | long replies
dislikes | cash | cards
dislikes | deliveries without notice | deliveries with notice
prefers | tea over coffee | coffee over tea
prefers | deliveries at 9 | deliveries at 10
prefers | the left lane | the right lane
prefers | texts rather than calls | calls rather than texts
product | leather sofa | leather chair
product | Model S | Model X
product | sugar | sugar-free
product | black tea | black tea mugs
hobby | running | riding
has | three children | three grandchildren
event | flew to Oslo | flew from Oslo
pending_action | repair the fridge | replace the fridge
pending_action | call in the morning | call in the afternoon
"""
