import { cleanText } from "../clean-text.ts";
import { readParagraphs } from "../databases/paragraphs.ts";
import { isLicenseExpression } from "../licenses/expression.ts";
import { joinLicenses } from "../licenses/join-licenses.ts";
import { licenseOfClassifier } from "../licenses/python-classifiers.ts";
import type { Parsed } from "../package.ts";

/** Whether it describes an installed distribution of Python, of a wheel or of an egg. */
export function isPythonMetadata(path: string): boolean {
  return /(?:\.dist-info\/METADATA|\.egg-info\/PKG-INFO|(?:^|\/)EGG-INFO\/PKG-INFO|\/[^/]+\.egg-info)$/.test(path);
}

const FIELDS = new Set(["name", "version", "license", "license-expression", "author", "author-email", "maintainer", "maintainer-email"]);

/** The distribution that METADATA or PKG-INFO describes: headers as in mail, and a text behind them. */
export function parsePythonMetadata(text: string): Parsed {
  const head = readParagraphs(text.replace(/^\ufeff/, ""), FIELDS).next().value;
  const field = (name: string): string => cleanText(head?.fields.get(name) ?? "");
  const [name, version] = [field("name"), field("version")];
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) return { packages: [], problems: [{ problem: name === "" ? "it has no Name" : "its Name is none that a package may have" }] };
  if (version === "") return { packages: [], problems: [{ problem: `the package ${name} has no Version` }] };
  const license = licenseOf(known(field("license-expression")), known(field("license")), text);
  const supplier = personOf(field("author"), field("author-email")) || personOf(field("maintainer"), field("maintainer-email"));
  return { packages: [{ type: "pypi", name, version, ...(license ? { license } : {}), ...(supplier ? { supplier } : {}) }], problems: [] };
}

/** An expression, if there is one; else what classifiers say in words that everybody uses; else what the author wrote. */
function licenseOf(expression: string, words: string, text: string): string {
  if (expression !== "" || isLicenseExpression(words)) return expression || words;
  const classified = new Set<string>();
  // What comes behind an empty line is a description.
  for (const [, classifier] of text.split(/\n\r?\n/, 1)[0]!.matchAll(/^Classifier: (License :: .{1,200})$/gm)) {
    const license = licenseOfClassifier(cleanText(classifier!));
    if (license !== undefined && classified.size < MOST_CLASSIFIERS) classified.add(license);
  }
  return classified.size === 0 ? words : joinLicenses(classified);
}

const MOST_CLASSIFIERS = 20;

/** What tools write who were told nothing. */
function known(value: string): string {
  return value === "UNKNOWN" ? "" : value;
}

function personOf(name: string, email: string): string {
  if (known(name) === "") return known(email);
  return known(email) === "" || email.includes("<") ? name : `${name} <${email}>`;
}
