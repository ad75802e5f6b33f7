"""Two people talk and listen in two browsers, one is cut off and comes back, and they meet by chance. On a running stack:

    python3 Tests/Web/two_browsers.py [http://127.0.0.1:8080] [folder for pictures]
"""

import os
import sys
import uuid

from webdriver import KEYS, Browser, Driver, Failed

base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
pictures = sys.argv[2] if len(sys.argv) > 2 else None
field = ".composer textarea"


def step(text):
    print("·", text, flush=True)


def picture(browser, name):
    if pictures:
        os.makedirs(pictures, exist_ok=True)
        browser.picture(f"{pictures}/{name}.png")


def sign_in(browser, name, address):
    browser.open(base + "/")
    browser.type("input[type=email]", address)
    browser.type(".signin input[type=text]", name)
    browser.click(".signin .button")
    browser.wait("signed in", lambda: browser.all(".sidebar"))


def is_open(browser):
    return browser.run("const f = document.querySelector('.composer textarea'); return !!f && !f.disabled")


def say(browser, text):
    browser.wait("may write", lambda: is_open(browser))
    browser.type(field, text + KEYS["enter"])


def sees(browser, text):
    browser.wait(f"sees {text!r}", lambda: any(text in content for content in browser.texts(".message .content")))


def focus(browser, text):
    """Puts the keyboard on the message that has the text."""
    browser.wait(f"the keyboard is on {text!r}", lambda: browser.run("""for (const e of document.querySelectorAll('.message[data-id]'))
        if (e.querySelector('.content')?.innerText.includes(arguments[0])) e.focus()
        const on = document.activeElement
        return on.matches('.message') && on.innerText.includes(arguments[0])""", text))


def all_sent(browser):
    browser.wait("nothing is unsent", lambda: not browser.all(".draft"))


def listening(browser):
    return " ".join(browser.texts(".listening:not([hidden])"))


def add_track(browser, title, length):
    browser.click(".listening .button", "Add a track")
    browser.type("#track-title", title)
    browser.type("#track-artist", "Miles")
    browser.type("#track-length", length + KEYS["enter"])
    browser.wait(f"{title} is added", lambda: title in listening(browser))


def vote(browser, label):
    browser.click(f".queue button[aria-label='{label}']")
    browser.wait("it is hers", lambda: browser.all(f".queue button[aria-label='{label}'][aria-pressed=true]"))


def banner(browser):
    return " ".join(browser.texts(".banner:not([hidden])"))


def play(driver):
    mark = uuid.uuid4().hex[:8]
    ada, bob = Browser(driver, "ada"), Browser(driver, "bob", 390, 780, dark=True)
    sign_in(ada, "Ada", f"ada-{mark}@example.org")
    sign_in(bob, "Bob", f"bob-{mark}@example.org")

    step("Ada makes a room, Bob joins it by its code")
    ada.click("button", "New room")
    ada.type("dialog input", "Friday <b>planning</b>")
    ada.click("dialog form .button")
    ada.wait("the room is open", lambda: is_open(ada))
    code = ada.run("return location.hash").removeprefix("#/r/")
    bob.type(".sidebar-tools input", code + KEYS["enter"])
    picture(bob, "door")
    bob.click(".door .button", "Join this room")
    bob.wait("the room is open", lambda: is_open(bob))
    ada.wait("Bob is here", lambda: any("Bob" in person for person in ada.texts(".person:not(.away)")))

    step("what they write is text, at the other's at once")
    say(ada, "<img src=x onerror=alert(1)> & <script>alert(2)</script>")
    sees(bob, "<img src=x onerror=alert(1)> & <script>alert(2)</script>")
    say(bob, "Hi Ada")
    sees(ada, "Hi Ada")
    all_sent(ada)
    # it is told for some seconds after a key, so Bob goes on until Ada has seen it
    ada.wait("Bob is typing", lambda: bob.type(field, "w") or "Bob is typing" in " ".join(ada.texts(".typing")))

    step("reactions, replies and edits, by keyboard")
    focus(ada, "Hi Ada")
    ada.press("+")
    ada.wait("the emoji", lambda: ada.all(".picker"))
    ada.press(KEYS["enter"])
    bob.wait("the reaction", lambda: bob.all(".reaction"))
    focus(ada, "Hi Ada")
    ada.press("r")
    ada.wait("the reply", lambda: ada.all(".context:not([hidden])"))
    say(ada, "Shall we?")
    bob.wait("the quote", lambda: bob.all(".quote"))
    # what is edited is the last message that the timeline has
    all_sent(ada)
    ada.type(field, KEYS["up"])
    ada.wait("her message is in the field", lambda: ada.run("return document.querySelector('.composer textarea').value") == "Shall we?")
    ada.type(field, " Now?" + KEYS["enter"])
    bob.wait("the edit", lambda: any("Shall we? Now?" in text and "(edited)" in text for text in bob.texts(".content")))
    picture(ada, "room")
    picture(bob, "room-phone")

    step("they listen together: a queue, votes, skips")
    ada.click(".menu summary")
    ada.click(".menu button", "Listen together")
    ada.type("#session-genre", "Jazz" + KEYS["enter"])
    for browser in (ada, bob):
        browser.wait("a session is on", lambda: "Nothing plays" in listening(browser))
    add_track(ada, "So What", "9:22")
    for browser in (ada, bob):
        browser.wait("it plays, and its time goes on", lambda: "So What – Miles" in listening(browser) and "/ 9:22" in listening(browser))
    add_track(bob, "Freddie Freeloader", "9:46")
    add_track(bob, "Blue in Green", "5:37")
    vote(ada, "upvote: Blue in Green – Miles")
    for browser in (ada, bob):
        browser.wait("the votes make the order", lambda: [line.split(" – ")[0] for line in browser.texts(".queue li")] == ["Blue in Green", "Freddie Freeloader"])
    picture(ada, "listening")
    picture(bob, "listening-phone")
    bob.click(".queue button[aria-label^='Take back: Freddie']")
    ada.wait("one is taken back", lambda: len(ada.all(".queue li")) == 1)
    bob.click(".listening .button", "Vote to skip")
    ada.click(".listening .button", "Skip")
    for browser in (ada, bob):
        browser.wait("the next one plays", lambda: "Blue in Green – Miles" in " ".join(browser.texts(".now strong")) and not browser.all(".queue"))
    ada.click(".listening .button", "Pause")
    ada.wait("it is paused", lambda: "Resume" in listening(ada))

    step("Bob is cut off, writes nevertheless, and comes back to all of it once")
    bob.offline(True)
    bob.run("document.querySelector('.composer textarea').value = ''")
    say(ada, "while you were away")
    say(bob, "said in a tunnel")
    bob.wait("the page says so", lambda: bob.all(".draft"))
    picture(bob, "away")
    bob.offline(False)
    sees(bob, "while you were away")
    sees(ada, "said in a tunnel")
    all_sent(bob)
    for browser in (ada, bob):
        texts = browser.texts(".message .content")
        for text in ("while you were away", "said in a tunnel"):
            if sum(text in content for content in texts) != 1:
                raise Failed(f"{browser.name} has {text!r} not once: {texts}")

    step("history scrolls back")
    for number in range(60):
        say(bob, f"line {number}")
    all_sent(bob)
    sees(ada, "line 59")
    ada.open(f"{base}/")
    ada.open(f"{base}/#/r/{code}")
    sees(ada, "line 59")

    def further_up(text):
        # what arrives meanwhile may bring the page back to the end: then one scrolls again
        ada.run("document.querySelector('.lines').scrollTop = 0")
        return any(text in content for content in ada.texts(".message .content"))

    ada.wait("the beginning is there", lambda: further_up("Hi Ada"))
    picture(ada, "history")

    step("an invitation's mail is on its way")
    ada.click(".room-bar button", "Invite")
    ada.type("dialog input[type=email]", f"carol-{mark}@example.org" + KEYS["enter"])
    ada.wait("the mail is sent", lambda: "mailed" in ada.texts("dialog .tag"))
    picture(ada, "invite")
    ada.press(KEYS["escape"])

    step("Ada deletes a message and ends the room")
    focus(ada, "line 59")
    ada.press(KEYS["delete"])
    ada.click("dialog .danger")
    bob.wait("it is gone", lambda: bob.all(".gone"))
    ada.click(".menu summary")
    ada.click(".menu button", "End the room")
    ada.click("dialog .danger")
    bob.wait("the page says so", lambda: "ended" in banner(bob))

    step("they meet again by chance, like each other, and part")
    for browser in (ada, bob):
        browser.open(f"{base}/#/")
        if browser is bob:
            # a phone shows one thing at a time
            browser.click("a.discover")
        browser.type("input[aria-label^='Your interests']", f"tests of {mark}")
    ada.click(".button", "Meet somebody")
    ada.wait("she searches", lambda: "Looking for somebody" in " ".join(ada.texts("[role=status]")))
    bob.click(".button", "Meet somebody")
    for browser in (ada, bob):
        browser.wait("they are in a room", lambda: is_open(browser))
    say(ada, "You again?")
    sees(bob, "You again?")
    for browser in (ada, bob):
        browser.click(".menu summary")
        browser.click(".menu button", "Like")
    ada.wait("it is mutual", lambda: "You like each other." in ada.texts(".toast"))
    picture(bob, "pair-phone")
    ada.click(".menu summary")
    ada.click(".menu button", "End it")
    bob.wait("the page says so", lambda: "ended" in banner(bob))
    for browser in (ada, bob):
        faults = [line for line in browser.complaints() if "ERR_INTERNET_DISCONNECTED" not in line]
        if faults:
            raise Failed(f"{browser.name} complained: {faults}")
        browser.close()


try:
    with Driver() as chromium:
        play(chromium)
    print("All of it happened.")
except Failed as failure:
    sys.exit(str(failure))
