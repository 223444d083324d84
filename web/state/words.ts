import { english, type Word } from "./words-english.ts";
import { chinese } from "./words-chinese.ts";
import { keep, kept } from "./kept.ts";

export type Language = "en" | "zh";

const dictionaries: Readonly<Record<Language, Readonly<Record<Word, string>>>> = { en: english, zh: chinese };
let language: Language = chosen();

/** What was chosen, else what the browser prefers. */
function chosen(): Language {
  const word = kept("language") ?? navigator.language;
  return word.startsWith("zh") ? "zh" : "en";
}

export function currentLanguage(): Language {
  return language;
}

export function chooseLanguage(next: Language): void {
  language = next;
  keep("language", next);
}

export type { Word };

/** A sentence in the language of the page, with `{name}` replaced. Where it has two forms, `one|more`, `count` chooses; numbers are written as the language does. */
export function say(word: Word, values: Readonly<Record<string, string | number>> = {}): string {
  const [one = "", more = one] = dictionaries[language][word].split("|");
  return (values["count"] === 1 ? one : more).replace(/\{(\w+)\}/g, (_match, name: string) => textOf(values[name] ?? ""));
}

function textOf(value: string | number): string {
  return typeof value === "number" ? count(value) : value;
}

export function age(milliseconds: number): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const seconds = (milliseconds - Date.now()) / 1000;
  for (const [unit, length] of [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]] as const) {
    if (Math.abs(seconds) >= length) return format.format(Math.round(seconds / length), unit);
  }
  return format.format(0, "second");
}

/** Bytes as people count them: 12.3 MB. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1 }).format(value)} ${units[power]}`;
}

export function count(number: number): string {
  return new Intl.NumberFormat(language).format(number);
}
