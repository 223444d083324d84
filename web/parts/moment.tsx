import { age, currentLanguage } from "../state/words.ts";

/** A time as its age; the exact one shows on the pointer. */
export function Moment({ at }: { at: number | undefined }) {
  if (at === undefined || Number.isNaN(at)) return <span class="quiet">–</span>;
  const date = new Date(at);
  return <time dateTime={date.toISOString()} title={date.toLocaleString(currentLanguage())}>{age(at)}</time>;
}
