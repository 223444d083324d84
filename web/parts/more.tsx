import { useState } from "preact/hooks";
import type { Page } from "../../src/server/api/answers.ts";
import { ask } from "../state/ask.ts";
import { say } from "../state/words.ts";
import { Failed } from "./answered.tsx";

/** A page of a list with those that were asked for after it. */
export function useMore<Item>(first: Page<Item>, path: string, parameters: Readonly<Record<string, string | undefined>>) {
  const [added, setAdded] = useState<{ readonly to: Page<Item>; readonly pages: readonly Page<Item>[] }>({ to: first, pages: [] });
  const [error, setError] = useState<Error>();
  const pages = added.to === first ? added.pages : [];
  const { next } = pages.at(-1) ?? first;
  const load = (): void => {
    setError(undefined);
    void ask<Page<Item>>(path, { ...parameters, last: next }).then((page) => setAdded({ to: first, pages: [...pages, page] }), setError);
  };
  const button = next !== undefined && <p class="actions"><button type="button" onClick={load}>{say("more")}</button></p>;
  return { items: [first, ...pages].flatMap(({ items }) => items), button: <>{error && <Failed error={error} />}{button}</> };
}
