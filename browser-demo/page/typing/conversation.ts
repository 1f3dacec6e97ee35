import type { Announcer } from "../announcer.js";
import type { PageClock } from "../clock.js";
import { element, icon } from "../dom.js";
import { OnScreenKeyboard } from "../keyboard/on-screen-keyboard.js";
import type { KeyboardDevice, Suggestion } from "../keyboard-device.js";
import { beforeCaret, deleteBackwards, takeWord } from "../text/field-edit.js";
import { sentencesOf } from "../text/sentences.js";
import { contextBefore, finishedWord, inCaseOf, isSentenceStart, wordBefore } from "../text/words.js";
import { MessageList } from "./message-list.js";
import { passedOver, placeOfKey } from "./offers.js";
import { SuggestionFeed } from "./suggestion-feed.js";
import { SuggestionStrip } from "./suggestion-strip.js";
import { TextField } from "./text-field.js";

/** What the conversation needs. */
export interface ConversationPorts {
  readonly device: KeyboardDevice;
  readonly clock: PageClock;
  readonly announcer: Announcer;
  /** Something that the device was asked for did not work. */
  failed(what: string, error: unknown): void;
}

/** Messages, field, suggestions and keys, and what is told to the device about them. */
export class Conversation {
  readonly #messages = new MessageList();
  readonly #field = new TextField({ changed: () => this.#fieldChanged(), send: () => this.#send() });
  readonly #strip = new SuggestionStrip(
    (word) => inCaseOf(word, this.#before()),
    (place) => this.#take(place),
  );
  readonly #keyboard: OnScreenKeyboard;
  readonly #feed: SuggestionFeed;
  readonly node: HTMLElement;
  #lastBefore: string | null = null;

  constructor(private readonly ports: ConversationPorts) {
    const { device, clock } = ports;
    this.#feed = new SuggestionFeed({
      suggest: (before) => device.suggest(before),
      show: (suggestions) => this.#strip.show(suggestions),
      failed: (error) => ports.failed("No suggestions", error),
    });
    this.#keyboard = new OnScreenKeyboard(clock, {
      write: (text) => this.#edit(() => this.#field.insert(text)),
      deleteBackwards: () => this.#edit(() => this.#field.write(deleteBackwards(this.#field.read()))),
      enter: () => this.#send(),
    });
    this.node = element(
      "section",
      { class: "phone", "aria-label": "Keyboard" },
      this.#titleBar(),
      this.#messages.node,
      this.#field.node,
      this.#strip.node,
      this.#keyboard.node,
    );
    this.#field.useSystemKeyboard(false);
    this.#fieldChanged();
  }

  /** Takes a suggestion if the key press asks for one; true if it did. */
  takeByKey(event: KeyboardEvent): boolean {
    const place = placeOfKey(event);
    if (place !== null) this.#take(place);
    return place !== null;
  }

  /** Another model may know better. */
  suggestAgain(): void {
    this.#feed.ask(contextBefore(this.#before()));
  }

  focus(): void {
    this.#field.focus();
  }

  /** Takes every trace of what was typed from the page. */
  clear(): void {
    this.#messages.clear();
    this.#lastBefore = null;
    this.#field.clear();
  }

  #titleBar(): HTMLElement {
    const toggle = element(
      "button",
      { type: "button", class: "icon-button", "aria-pressed": "true", "aria-label": "On-screen keyboard" },
      icon("M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8"),
    );
    toggle.title = "Show or hide the on-screen keyboard";
    toggle.addEventListener("click", () => {
      const isShown = this.#keyboard.node.hidden;
      this.#keyboard.node.hidden = !isShown;
      this.#field.useSystemKeyboard(!isShown);
      toggle.setAttribute("aria-pressed", String(isShown));
    });
    return element("header", { class: "phone-bar" }, element("h2", {}, "Messages"), toggle);
  }

  /** An edit from the keys on the screen; the caret shows where, unless somebody walks the keys. */
  #edit(change: () => void): void {
    if (document.activeElement === document.body) this.#field.focus();
    change();
  }

  #before(): string {
    return beforeCaret(this.#field.read());
  }

  #fieldChanged(): void {
    const before = this.#before();
    if (before === this.#lastBefore) return;
    const finished = this.#lastBefore === null ? null : finishedWord(this.#lastBefore, before);
    if (finished !== null) this.#typedOut(finished);
    this.#lastBefore = before;
    this.#keyboard.wrote();
    this.#keyboard.showSentenceStart(isSentenceStart(before));
    this.suggestAgain();
  }

  #take(place: number): void {
    const suggestion = this.#strip.shown[place];
    if (suggestion === undefined) return;
    const taken = takeWord(this.#field.read(), suggestion.word);
    // Set first: the space behind a taken word does not finish a typed one.
    this.#lastBefore = null;
    this.#field.writeTaken(taken);
    this.#field.focus();
    this.#choose(suggestion, true);
    this.ports.announcer.say(`${suggestion.word} written`);
  }

  #send(): void {
    const { text } = this.#field.read();
    if (text.trim() === "") return;
    const last = wordBefore(this.#before());
    if (last !== "") this.#typedOut(last);
    this.#messages.append(text.trim());
    this.#lastBefore = null;
    this.#field.clear();
    this.ports.announcer.say("Sent");
    void this.#log(text);
  }

  #typedOut(word: string): void {
    const suggestion = passedOver(this.#strip.shown, word);
    if (suggestion !== null) this.#choose(suggestion, false);
  }

  #choose(suggestion: Suggestion, isAccepted: boolean): void {
    try {
      this.ports.device.chosen(suggestion, isAccepted);
    } catch (error) {
      this.ports.failed("The choice is not noted", error);
    }
  }

  async #log(text: string): Promise<void> {
    try {
      for (const sentence of sentencesOf(text)) await this.ports.device.finished(sentence);
    } catch (error) {
      this.ports.failed("The sentence is not in the log", error);
    }
  }
}
