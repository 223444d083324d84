import assert from "node:assert/strict";
import { test } from "node:test";
import type { Package } from "../package.ts";
import type { Scan } from "../scan-root.ts";
import { cycloneDxDocument } from "./cyclonedx.ts";
import { packageTable } from "./package-table.ts";
import { spdxDocument } from "./spdx.ts";

const PACKAGES: readonly Package[] = [
  { type: "deb", name: "libgcc-s1", version: "12.2.0-14", architecture: "amd64", source: { name: "gcc-12", version: "12.2.0-14" }, supplier: "GCC (team) <gcc@example.org>", purl: "pkg:deb/debian/libgcc-s1@12.2.0-14?upstream=gcc-12", locations: ["var/lib/dpkg/status"] },
  { type: "npm", name: "@s/a", version: "1.0.0", license: "(MIT OR Apache-2.0)", purl: "pkg:npm/%40s/a@1.0.0", locations: ["a/package.json", "b/package.json"] },
  { type: "pypi", name: "b", version: "", license: "BSD-like", supplier: "<>", purl: "pkg:pypi/b", locations: ["c"] },
];
const SCAN: Scan = { distribution: { id: "debian", version: "12", name: "Debian 12" }, databases: ["dpkg"], packages: PACKAGES, problems: [] };
const OPTIONS = { subject: { kind: "image", name: "app:1", digest: `sha256:${"a".repeat(64)}`, purl: "pkg:oci/app" }, toolVersion: "1.2.3", created: new Date(1_700_000_000_123) } as const;

test("a document of SPDX says of each package what is known, and of the rest that nobody says so", () => {
  const { documentNamespace, packages, relationships, ...head } = spdxDocument(SCAN, OPTIONS);
  assert.deepEqual(head, { spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT", name: "app:1", creationInfo: { created: "2023-11-14T22:13:20Z", creators: ["Tool: sampan-1.2.3"] } });
  const [root, system, gcc, a, b] = packages as Record<string, unknown>[];
  assert.deepEqual([root!["name"], root!["versionInfo"], root!["primaryPackagePurpose"], system!["name"], system!["versionInfo"], system!["primaryPackagePurpose"]], ["app:1", OPTIONS.subject.digest, "CONTAINER", "debian", "12", "OPERATING-SYSTEM"]);
  const { SPDXID: id, ...gccFields } = gcc!;
  assert.match(id as string, /^SPDXRef-Package-deb-libgcc-s1-[0-9a-f]{16}$/);
  assert.deepEqual(gccFields, {
    name: "libgcc-s1", versionInfo: "12.2.0-14", downloadLocation: "NOASSERTION", filesAnalyzed: false, licenseConcluded: "NOASSERTION", licenseDeclared: "NOASSERTION", copyrightText: "NOASSERTION",
    supplier: "Organization: GCC  team (gcc@example.org)", sourceInfo: "found in /var/lib/dpkg/status",
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: PACKAGES[0]!.purl }],
  });
  assert.deepEqual([a!["licenseDeclared"], a!["licenseComments"], a!["sourceInfo"]], ["(MIT OR Apache-2.0)", undefined, "found in /a/package.json, /b/package.json"]);
  assert.deepEqual([b!["licenseDeclared"], b!["licenseComments"], b!["versionInfo"], b!["supplier"]], ["NOASSERTION", "declared as: BSD-like", undefined, "NOASSERTION"]);
  assert.deepEqual((relationships as { relationshipType: string }[]).map(({ relationshipType }) => relationshipType), ["DESCRIBES", ...Array<string>(4).fill("CONTAINS")]);
  assert.match(documentNamespace as string, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("the namespace is the content's: equal documents have one, others have others", () => {
  const of = (change: Partial<typeof OPTIONS> & { readonly scan?: Scan }): unknown => spdxDocument(change.scan ?? SCAN, { ...OPTIONS, ...change })["documentNamespace"];
  const others = [of({}), of({ created: new Date(0) }), of({ toolVersion: "2" as "1.2.3" }), of({ scan: { ...SCAN, packages: [] } })];
  assert.equal(of({}), others[0]);
  assert.equal(new Set(others).size, others.length);
});

test("a document of CycloneDX has groups, expressions and places", () => {
  const { components, dependencies, metadata } = cycloneDxDocument(SCAN, OPTIONS) as { components: Record<string, unknown>[]; dependencies: { dependsOn: string[] }[]; metadata: Record<string, unknown> };
  assert.deepEqual(metadata["component"], { "bom-ref": "pkg:oci/app", type: "container", name: "app:1", version: OPTIONS.subject.digest, purl: "pkg:oci/app" });
  assert.deepEqual(components[2], {
    "bom-ref": "pkg:npm/%40s/a@1.0.0", type: "library", group: "@s", name: "a", version: "1.0.0", licenses: [{ expression: "(MIT OR Apache-2.0)" }], purl: "pkg:npm/%40s/a@1.0.0",
    properties: [{ name: "sampan:location", value: "/a/package.json" }, { name: "sampan:location", value: "/b/package.json" }],
  });
  assert.deepEqual([components[3]!["licenses"], components[1]!["properties"]], [[{ license: { name: "BSD-like" } }], [{ name: "sampan:source", value: "gcc-12@12.2.0-14" }, { name: "sampan:location", value: "/var/lib/dpkg/status" }]]);
  assert.deepEqual(dependencies[0]!.dependsOn, ["os", ...PACKAGES.map(({ purl }) => purl)]);
});

test("where digests of layers are given, packages name the one that brought them", () => {
  const layers = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`] as const;
  const scan = { ...SCAN, packages: PACKAGES.map((each, at) => ({ ...each, layer: at })) };
  const { packages } = spdxDocument(scan, { ...OPTIONS, layers }) as { packages: { comment?: string }[] };
  assert.deepEqual(packages.map(({ comment }) => comment), [undefined, undefined, `layerID: ${layers[0]}`, `layerID: ${layers[1]}`, undefined]);
  const { components } = cycloneDxDocument(scan, { ...OPTIONS, layers }) as { components: { properties?: { name: string; value: string }[] }[] };
  assert.deepEqual(components.map(({ properties }) => properties?.find(({ name }) => name === "sampan:layer")?.value), [undefined, ...layers, undefined]);
  assert.ok(!JSON.stringify([spdxDocument(scan, OPTIONS), cycloneDxDocument(scan, OPTIONS)]).includes("layer"));
});

test("a table has a line for each package, by name", () => {
  assert.equal(packageTable(PACKAGES), "NAME        VERSION     TYPE\n@s/a        1.0.0       npm\nb                       pypi\nlibgcc-s1   12.2.0-14   deb\n");
});
