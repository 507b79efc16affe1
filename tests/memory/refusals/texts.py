"""What people write to a support desk: with secrets, with none, and what looks alike.

A secret is written between braces: "my PIN is {5567}". A question of the desk that
the text answers stands before a bar: "Your PIN? | {5567}".
"""

SECRETS = """
My card is {4111 1111 1111 1111}, thanks
{378282246310005} please
{4111-1111-1111-1111} is what I used
Visa {4012888888881881} was declined
pay with {5555 5555 5555 4444} then
my mastercard number {5105105105105100}
charge {6011111111111117} instead
{3530111333300000} and the name is Tanaka
Card: {4242424242424242} exp {12/27} cvc {123}
{4242 4242 4242 4242} {12/27} {123}
credit card {4111 1111 1111 1112}
card 4.57 e 15|
the number on the card is {4000056655665556}
amex {3714 496353 98431}
Meine Karte ist {4111 1111 1111 1111}
ma carte {4970101234567890} ne marche pas
mi tarjeta es {4548 8120 4940 0004}
mijn kaart {5413330089010442}
la mia carta {4539578763621486}
I paid order LF-20418 with card {4111111111111111} last week
the cvv is {123}
cvv {123}
CVC: {9041}
cvc2 is {881}
the three digits on the back are {123}
the 3 numbers on the back of the card: {774}
What's the CVV? | {123}
Your card number please? | {4111 1111 1111 1112}
the last four of my card are {4444}
last 4 digits: {7719}
my password is {hunter2}
Password: {s3cret!Word}
pass word is {Bluebird9}
pwd: {qwerty!23}
name rosa password {rosa 123}
I changed my password from the app to {Sommer2024!}
login works with password={Trustno1}
my passcode is {5577}
passphrase: {correct-horse}
{Tr0ub4dor} is my password
{hunter2zebra} is the new password
I logged in with {rosa/geheim123}
May I have your password? | {bluebird}
What is the new password? | {Sunshine77}
Mein Passwort lautet {geheim99}
Mein Passwort ist {Hallo!123}
mon mot de passe est {soleil44}
mot de passe: {Lune2020}
mi contraseña es {Gatito88}
mijn wachtwoord is {fiets123}
Wachtwoord: {Tulp2024}
minha senha é {Praia33}
mitt lösenord är {Vinter22}
my pin is {5567}
PIN: {0042}
the pin code is {8080}
my PIN number is {1234}
What's your PIN? | {556712}
pincode: {4455}
mon code pin est {1990}
the one-time code is {884 211}
OTP {449201}
otp is {449201}
the verification code is {330122}
the code you texted me is {912044}
they texted me {483920} just now
my 2fa code is {771 204}
security code: {4471}
sms code {22913}
Please tell me the verification code | {884211}
Please enter the one-time code we sent | {550 120}
the auth code is {8H2K11}
my mother's maiden name is {Hartmann}
Your mother's maiden name? | {Hartmann}
What was your first pet called? | {Rex}
the security answer is {bluebell}
secret answer: {Rosebud}
SSN {123-45-6789}
my ssn is {123456789}
it is {123-45-6789}
social security number: {078-05-1121}
my social is {321 54 9876}
{5411} is the ssn
{123456789} is my ssn
last four of my ssn is {6789}
What are the last four digits of your SSN? | {6789}
Your social security number? | {123456789}
my ITIN is 912-90-3456|
National insurance number {QQ 12 34 56 C}|
My NI number is {AB 12 34 56 C}
{AB123456C} is what the letter says
my bsn is {111222333}
BSN: {111222333}
Mijn burgerservicenummer is {111222333}
my BSN, as I said on the phone, is {111222333}
rijksregisternummer {85.07.30-033.28}
{85.07.30-033.28} staat op mijn kaart
mijn nummer is {85.07.30-033.28}
mein Steuer-ID ist {36574261809}
Steueridentifikationsnummer {36574261809}
Steuer-ID: {36574261809}
mi DNI es {54362315K}
{54362315K} es mi documento
mi NIE: {X2482300W}
{X-2482300W}
il mio codice fiscale è {RCCMNL83S18D969H}
codice fiscale {RCCMNL83S18D969H}
{RCCMNL83S18D969H}
mon numéro de sécurité sociale est {2 95 10 99 126 111 93}
{295109912611193}
henkilötunnus {131052-308T}
{131052-308T}
personnummer {880320-0016}
mitt personnummer är {880320-0016}
CPR-nummer: {211062-5629}
mit cpr er {211062-5629}
fødselsnummer {15108695088}
mój pesel to {44051401359}
PESEL: {44051401359}
my Aadhaar number is {2341 2341 2346}
aadhaar {234123412346}
meu CPF é {390.533.447-05}
{390.533.447-05}
my SIN is {123-456-782}
{756.9217.0769.85}
{971013-9019902}
{360426199101010071}
CURP {BOXW310820HNERXN09}
my PPS number is {6433435F}
my tax id is {98-7654321}
my national id number is {A1234567}
identity card number: {592-1234567-89}
my passport number is {C01X00T47}
passport no: {L898902C3}
Passport {X1234567} was stolen
What is your passport number? | {C01X00T47}
driver's license {D1234567}
drivers licence number: {MORGA657054SM9IJ}
Your date of birth? | {04/05/1988}
IBAN {BE68 5390 0754 7034}
my iban is {GB82 WEST 1234 5698 7654 32}
please refund to {DE89370400440532013000} thanks
{NL91ABNA0417164300}
FR: {FR14 2004 1010 0505 0001 3M02 606}
transfer it to {ES91 2100 0418 4502 0005 1332} today
stort het op {nl91abna0417164300} aub
routing number {021000021}
sort code: {12-34-56}
bank account number {12345678}
bank account: {000123456789}
api key: {9f8e7d6c5b4a}
use {sk_live_4eC39HqLyjWDarjtT1zdp7dc}
{ghp_16C7e42F292c6912E7710c838347Ae178B4a} is the token
aws key {AKIAIOSFODNN7EXAMPLE}
{xoxb-123456789012-abcdefABCDEF}
{eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc123def}
{Bearer abcdef1234567890abcdef}
access token = {tok_88x99y00z}
{AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY}
{glpat-abcdefghij1234567890}
"""

SPECIAL = """
I'm diabetic
I am diabetic and need order LF-20418 by Friday
I was diagnosed with asthma last year
my son has epilepsy
I have depression
I am pregnant
we are pregnant
she is autistic
I suffer from chronic anxiety
I've been diagnosed with cancer
I'm HIV positive, please be discreet
I take insulin twice a day
because of my depression I missed the parcel
sorry, my chemotherapy started
my disability makes that hard
I'm disabled and cannot come to the shop
my wife had a miscarriage
I'm allergic to nuts
my daughter has a peanut allergy
I use a wheelchair, I am wheelchair bound
as a diabetic I cannot wait
I'm in the hospital this week
I had a stroke in May
my husband has Parkinson's
my kid has ADHD
I am a recovering alcoholic
I tested positive covid
I'm bipolar
I'm a Muslim
I am Jewish, so not on Saturday
I'm a practising Catholic
we are Hindu
my mosque ordered ten
I love my church
I go to church on Sundays
as a Muslim I cannot use that
I keep kosher
I am a Jehovah's Witness
I voted for the mayor
I always vote for the Greens|
I'm a Republican
he is a socialist
I'm gay
my son is gay
I am transgender
she's a lesbian
I came out last year
I'm bisexual
my sexual orientation is private
I am of Kurdish descent
my ethnicity is Roma
I'm a union member
I joined the trade union
my union rep told me so
I have a criminal record
I was arrested last night
I was convicted in 2019
I'm on parole
my fingerprint scan is attached
ich bin schwanger
Ich habe Krebs
je suis enceinte
j'ai un cancer
je suis diabétique
estoy embarazada
tengo cáncer
ik ben zwanger
sono incinta
ich bin Muslim
soy católica
je suis juif
ich bin schwul
"""

ORDINARY = """
My order is 5512340987
order 20418 has not come
Order number LF-20418
Where is order #1182?
my order id is 9988776655
Order 112-7345678-1234567
order 405-1234567-7654321 please
reference 2026-0042-118
the invoice is INV-2026-00731
Invoice 4500098812
Ticket 883412 was closed
booking reference X7KQ2P
PNR is QZ8T4M
my claim is CLM-558812
policy number 77-1234-99
my customer number is 10023344
account id 9KXQ2MPL7A
membership 6034 5522
loyalty number 30812345678
Tracking 1Z999AA10123456784
tracking number 9400111899223100001234
tracking number is 9261290100130739874568
the tracking number is 420123459400111899223100001234
my tracking code: RR123456789DE
tracking 61299998820821171811
shipment JD014600003828392837
parcel 3SABCD1234567890
DHL 00340434161094042557
track 123456789012
waybill 176-12345675
my IMEI is 490154203237518
IMEI: 356938035643809
serial number C02XL0GYJHD2
serial SN-4471-2290-11
model KX-TG6821
SKU 8801643566123
EAN 4006381333931
ISBN 978-3-16-148410-0
barcode 5901234123457
Call me at (555) 201-3344
call 555-201-3344
my number is +1 415 555 2671
+32 470 12 34 56
0470 12 34 56
+44 20 7946 0958
phone 020 7946 0958
+49 30 901820
06 12 34 56 78
+33 6 12 34 56 78
my mobile is 0612345678
reach me on 07700 900123
+91 98765 43210
fax 555-0100
email jo@example.org
my username is ifalk7
user id rosa.brandt
I live at 18 Linden Row, Ghent
9000 Ghent
zip 45402
ZIP 94107-1234
SW1A 1AA
1017 CA Amsterdam
Flat 3, 221B Baker Street
Church Street 12
My name is Christian Gay
My name is Dean Church
Mr. Cancer-Smith|
I moved on 2026-01-06
delivered on 12/03/2026
12-03-2026 at 14:30
on 3 March 2026
between 9 and 11
see you at 10.30
the 2024 model
It cost $1,299.00
I paid 1.299,00 EUR
refund €84.50
£12.99 each
1299 USD
10% off
the discount code is SAVE20
voucher SPRING-2026
coupon code: WELCOME10
gift card did not arrive
I want a gift card for 50 euros
my card was declined
the card is blocked
I lost my credit card
paid by credit card
is Visa accepted?
my card expired
do you take Amex?
the card number is wrong
my card has not arrived
I forgot my password
Can you reset my password?
my password is not working
my password is wrong
the password is incorrect
my password expired
my password was reset
how do I change my password
the password reset mail never came
I need a new password
is the password case sensitive?
I want to set a password for my son
the login page is broken
I don't have the code
the code did not arrive
my verification code never came
the security code is missing
what is the pin for?
the PIN is not accepted
the pin on the map is wrong
pin the message please
my pin is blocked
where do I find the CVV?
why do you need my SSN?
I won't tell you my social security number
which passport do I need?
my passport is expired
I lost my passport
the driver's license is required
is my IBAN stored?
you have my bank account
the API key page is empty
where do I get an api key?
My account is disabled
the account is locked
version 4.12.1
build 20260312.4
IP 192.168.1.20
the error is 0x80070005
Error 404
error code E-1101
http://example.org/order/20418?x=1
resolution 1920x1080
size 42
EU 38
15.6 inch
256GB
2 x 4 pack
ratio 16:9
WPA2 router
USB 3.2
CR2032 battery
M8x40 screws
flight LH1234
seat 14C
gate B22
train ICE 571
room 1203
route 66
10-12 days
24/7
3-5 business days
1,000,000 users
3.14159265358979
My package of insulin is late
the prescription glasses have not come
I ordered a wheelchair ramp
the vegan cheese is out of stock
do you have gluten-free bread?
a halal menu please
the pregnancy pillow is torn
is the blood pressure monitor back?
my medication parcel is stuck
a book about cancer
the Diabetes Weekly magazine
a book on Islam
the church candles arrived broken
do you ship to a hospital?
the union of both sets
I'm positive it was Monday
I have a question
I'm a customer since 2019
I am happy with it
I'm on holiday until 5 May
my son is 12 years old
we are moving to Berlin
she is my colleague
I had a strike of bad luck
the trans-European plug
Christian Dior perfume
a Catholic school uniform
I'm depressed keys again and nothing happens|
the party of four
my disk is full
I am blindly guessing|
the stroke width is 2 mm
ten gay-friendly hotels|
the Jewish museum ticket
democratic vote on the new logo
the patient file tray
fingerprint sensor of the laptop
my face cream
face ID on my phone does not work
I'm late
I have two orders
Your order ID? | 5512340987
Your phone number? | 555 201 3344
What is your zip code? | 45402
Which product? | KX-200
Can I have your PIN? | why do you need it
Can I have your password? | no
What's your name and email? | Rosa, rosa@example.org
What is the verification code? | one moment please
"""


def told(texts: str) -> list[tuple[str, str]]:
    """Return (what the desk asked, what the customer wrote) of each line."""
    pairs = []
    for line in texts.strip().splitlines():
        if line.endswith("|"):
            # On the other side of the line that is drawn, whichever that is.
            continue
        asked, _, text = line.rpartition(" | ")
        pairs.append((asked, text))
    return pairs
