/** A reason by a code, for those who say it in another language than English. */
export interface Why<Code extends string = string> {
  readonly code: Code;
  readonly values: Readonly<Record<string, string>>;
}

/** A sentence with `{name}` replaced. */
export function sentenceOf<Code extends string>(sentences: Readonly<Record<Code, string>>, { code, values }: Why<Code>): string {
  return sentences[code].replace(/\{(\w+)\}/g, (_match, name: string) => values[name] ?? "");
}

const forms = new WeakMap<object, readonly (readonly [code: string, form: RegExp])[]>();

/** What {@link sentenceOf} has written, by its code; undefined for other words. `fits` refuses a reading that makes no sense. */
export function readSentence<Code extends string>(sentences: Readonly<Record<Code, string>>, text: string, fits: (why: Why<Code>) => boolean = () => true): Why<Code> | undefined {
  let known = forms.get(sentences);
  if (!known) forms.set(sentences, (known = Object.entries<string>(sentences).map(([code, sentence]) => [code, new RegExp(`^${sentence.replace(/[*.?()]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>.+)")}$`, "s")])));
  for (const [code, form] of known) {
    const groups = form.exec(text);
    const why = groups && { code: code as Code, values: { ...groups.groups } };
    if (why && fits(why)) return why;
  }
  return undefined;
}
