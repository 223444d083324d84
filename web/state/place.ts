import { useEffect, useState } from "preact/hooks";

/** Where one is: `#/tags?repository=team/app` */
export interface Place {
  readonly view: string;
  readonly query: URLSearchParams;
}

export function placeOf(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { view: path === "" ? "repositories" : path, query: new URLSearchParams(search) };
}

/** An address on these pages; parameters that are undefined or empty are left out. */
export function linkTo(view: string, parameters: Readonly<Record<string, string | undefined>> = {}): string {
  const query = new URLSearchParams(Object.entries(parameters).filter((entry): entry is [string, string] => !!entry[1]));
  return `#/${view}${query.size > 0 ? `?${query}` : ""}`;
}

export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return placeOf(hash);
}
