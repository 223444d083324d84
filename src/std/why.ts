/** A reason by a code, for those who say it in another language than English. */
export interface Why<Code extends string = string> {
  readonly code: Code;
  readonly values: Readonly<Record<string, string>>;
}

/** A sentence with `{name}` replaced. */
export function sentenceOf<Code extends string>(sentences: Readonly<Record<Code, string>>, { code, values }: Why<Code>): string {
  return sentences[code].replace(/\{(\w+)\}/g, (_match, name: string) => values[name] ?? "");
}
