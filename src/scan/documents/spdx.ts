import { createHash } from "node:crypto";
import type { Digest } from "../../oci/digest.ts";
import type { Package } from "../package.ts";
import type { Scan } from "../scan-root.ts";
import { isLicenseExpression } from "../licenses/expression.ts";
import { formatTime, layerOf, type DocumentOptions, type Subject } from "./subject.ts";

/** The type of an attestation whose predicate is such a document. */
export const SPDX_PREDICATE = "https://spdx.dev/Document";

/** A document of SPDX 2.3, in its JSON form. */
export type SpdxDocument = Readonly<Record<string, unknown>>;

const DOCUMENT = "SPDXRef-DOCUMENT";
const ROOT = "SPDXRef-Root";
const SYSTEM = "SPDXRef-OperatingSystem";

/**
 * The packages of a file system as a document of SPDX 2.3. The same scan, subject and time give the same bytes; the namespace that SPDX wants to be
 * one of its own is made from all of it.
 */
export function spdxDocument(scan: Scan, { subject, name = subject.name, layers, toolVersion, created }: DocumentOptions): SpdxDocument {
  const system = scan.distribution;
  const packages = [
    rootPackage(subject),
    ...(system ? [{ ...nothingKnown(SYSTEM, system.id), ...(system.version === "" ? {} : { versionInfo: system.version }), summary: system.name, primaryPackagePurpose: "OPERATING-SYSTEM" }] : []),
    ...scan.packages.map((each) => describePackage(each, layerOf(each, layers))),
  ];
  const relationships = [
    { spdxElementId: DOCUMENT, relationshipType: "DESCRIBES", relatedSpdxElement: ROOT },
    ...packages.slice(1).map(({ SPDXID }) => ({ spdxElementId: ROOT, relationshipType: "CONTAINS", relatedSpdxElement: SPDXID })),
  ];
  const content = { name, creationInfo: { created: formatTime(created), creators: [`Tool: sampan-${toolVersion}`] }, packages, relationships };
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return {
    spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: DOCUMENT, name: content.name,
    documentNamespace: namespaceOf(digest),
    creationInfo: content.creationInfo, packages, relationships,
  };
}

/** A UUID of version 8 (RFC 9562), whose bits one makes oneself. */
function namespaceOf(digest: string): string {
  const variant = (8 + (Number.parseInt(digest[16]!, 16) & 3)).toString(16);
  return `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

type Entry = Readonly<Record<string, unknown>> & { readonly SPDXID: string };

/** What SPDX wants to be said of every package. */
function nothingKnown(id: string, name: string) {
  return { SPDXID: id, name, downloadLocation: "NOASSERTION", filesAnalyzed: false, licenseConcluded: "NOASSERTION", licenseDeclared: "NOASSERTION", copyrightText: "NOASSERTION", supplier: "NOASSERTION" };
}

function rootPackage({ kind, name, digest, purl }: Subject): Entry {
  return {
    ...nothingKnown(ROOT, name),
    ...(digest === undefined ? {} : { versionInfo: digest }),
    primaryPackagePurpose: kind === "image" ? "CONTAINER" : "SOURCE",
    ...(purl === undefined ? {} : { externalRefs: [packageReference(purl)] }),
  };
}

function describePackage({ type, name, version, purl, license, supplier, locations }: Package, layer: Digest | undefined): Entry {
  const declared = license !== undefined && isLicenseExpression(license);
  return {
    ...nothingKnown(`SPDXRef-Package-${type}-${name.replace(/[^A-Za-z0-9.-]+/g, "-")}-${createHash("sha256").update(purl).digest("hex").slice(0, 16)}`, name),
    ...(version === "" ? {} : { versionInfo: version }),
    ...(declared ? { licenseDeclared: license } : license === undefined ? {} : { licenseComments: `declared as: ${license}` }),
    ...(supplier === undefined ? {} : { supplier: supplierOf(supplier) }),
    sourceInfo: `found in ${locations.map((path) => `/${path}`).join(", ")}`,
    externalRefs: [packageReference(purl)],
    // In the words that BuildKit has for files.
    ...(layer === undefined ? {} : { comment: `layerID: ${layer}` }),
  };
}

function packageReference(purl: string) {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl };
}

/** `Name <mail>` as SPDX writes it: `Organization: Name (mail)`. Whether it is a person nobody has told. */
function supplierOf(written: string): string {
  const parts = /^([^<]*)<([^<>]*)>$/.exec(written);
  const [name, mail] = parts ? [parts[1]!.trim(), parts[2]!.trim()] : [written, ""];
  const plain = (name || mail).replace(/[()]/g, " ").trim();
  if (plain === "") return "NOASSERTION";
  return `Organization: ${plain}${/^[^\s@()]+@[^\s@()]+$/.test(mail) && name !== "" ? ` (${mail})` : ""}`;
}
