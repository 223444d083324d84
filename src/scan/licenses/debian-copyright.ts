import { cleanText } from "../clean-text.ts";
import { joinLicenses } from "./join-licenses.ts";
import { spdxOfDebian } from "./debian-names.ts";

/** More different ones than any package has. */
const MOST = 50;

/**
 * The licences that a package's `copyright` file tells: those of a machine-readable one (DEP-5), and of others the texts of
 * `/usr/share/common-licenses` that it points to. In SPDX ids where they can be told; licences of different files all hold.
 * @returns undefined where it tells none
 */
export function parseDebianCopyright(text: string): string | undefined {
  const told = /^(?:Format|Format-Specification|Files):/im.test(text) ? upTo(MOST, shortNames(text)) : [];
  const licenses = told.length > 0 ? told : upTo(MOST, commonLicenses(text));
  return licenses.length === 0 ? undefined : joinLicenses(licenses);
}

function upTo(most: number, found: Iterable<string>): string[] {
  const all = new Set<string>();
  for (const each of found) {
    if (all.size === most) break;
    if (each !== "") all.add(each);
  }
  return [...all];
}

/** The first lines of all fields `License`: below each of them is its text. */
function* shortNames(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (end - at < 2000 && /^license:/i.test(text.slice(at, at + 8))) yield expressionOf(text.slice(at + 8, end));
    at = end + 1;
  }
}

/** `GPL-2+ with OpenSSL exception`, `GPL-1+ or Artistic`, `Expat and BSD-3-clause`: a comma sets off what binds less. */
function expressionOf(written: string): string {
  const words = cleanText(written).replaceAll(",", " , ").trim().split(/\s+/);
  if (words.some((word) => word.toLowerCase() === "with")) return words.join(" ").replaceAll(" ,", ",");
  const parts: string[][] = [[]];
  for (const word of words) {
    const low = word.toLowerCase();
    if (word === ",") parts.push([]);
    else parts.at(-1)!.push(low === "and" || low === "or" ? low.toUpperCase() : word === "and/or" ? "OR" : spdxOfDebian(word));
  }
  return grouped(parts.filter((part) => part.length > 0));
}

/** Parts between commas, of which all but the first may begin with the word that joins them. */
function grouped(parts: readonly (readonly string[])[]): string {
  let result = "";
  for (const [index, part] of parts.entries()) {
    const joined = part[0] === "AND" || part[0] === "OR";
    const own = (joined ? part.slice(1) : part).join(" ");
    if (own === "") continue;
    const shown = parts.length > 1 && / (?:AND|OR) /.test(own) ? `(${own})` : own;
    result = index === 0 || result === "" ? shown : `${result} ${joined ? part[0] : "AND"} ${shown}`;
  }
  return result;
}

/** `GPL-2` says nothing of later versions, and is no id of SPDX: it is told as it is. */
function* commonLicenses(text: string): Generator<string> {
  for (const [, name] of text.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z0-9][A-Za-z0-9.-]{0,40})/g)) {
    yield name!.replace(/[.-]+$/, "");
  }
}
