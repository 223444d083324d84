/** A stranger's words for one line of text: without control characters, cut where they are too long. */
export function printable(text: string, longest = 300): string {
  return text.replace(/\p{Cc}+/gu, " ").trim().slice(0, longest);
}
