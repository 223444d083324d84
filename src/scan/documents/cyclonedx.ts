import type { Package } from "../package.ts";
import type { Scan } from "../scan-root.ts";
import { isLicenseExpression } from "../licenses/expression.ts";
import type { Digest } from "../../oci/digest.ts";
import { formatTime, layerOf, type DocumentOptions, type Subject } from "./subject.ts";

/** The packages of a file system as a document of CycloneDX 1.6, in its JSON form; without a serial number, so that the same image gives the same one. */
export function cycloneDxDocument(scan: Scan, { subject, layers, toolVersion, created }: DocumentOptions): Readonly<Record<string, unknown>> {
  const system = scan.distribution;
  const root = rootComponent(subject);
  const components = [
    ...(system ? [{ "bom-ref": "os", type: "operating-system", name: system.id, ...(system.version === "" ? {} : { version: system.version }), description: system.name }] : []),
    ...scan.packages.map((each) => describePackage(each, layerOf(each, layers))),
  ];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { timestamp: formatTime(created), tools: { components: [{ type: "application", name: "sampan", version: toolVersion }] }, component: root },
    components,
    dependencies: [{ ref: root["bom-ref"], dependsOn: components.map((component) => component["bom-ref"]) }],
  };
}

type Component = Readonly<Record<string, unknown>> & { readonly "bom-ref": string };

function rootComponent({ kind, name, digest, purl }: Subject): Component {
  return {
    "bom-ref": purl ?? "root",
    type: kind === "image" ? "container" : "application",
    name,
    ...(digest === undefined ? {} : { version: digest }),
    ...(purl === undefined ? {} : { purl }),
  };
}

function describePackage({ type, name, version, purl, license, supplier, source, locations }: Package, layer: Digest | undefined): Component {
  const [group, own] = type === "npm" || type === "composer" ? split(name) : ["", name];
  return {
    "bom-ref": purl,
    type: "library",
    ...(supplier === undefined ? {} : { supplier: { name: supplier } }),
    ...(group === "" ? {} : { group }),
    name: own,
    ...(version === "" ? {} : { version }),
    ...(license === undefined ? {} : { licenses: [isLicenseExpression(license) ? { expression: license } : { license: { name: license } }] }),
    purl,
    properties: [
      ...(layer === undefined ? [] : [{ name: "sampan:layer", value: layer }]),
      ...(source ? [{ name: "sampan:source", value: `${source.name}@${source.version}` }] : []),
      ...locations.map((path) => ({ name: "sampan:location", value: `/${path}` })),
    ],
  };
}

function split(name: string): [string, string] {
  const cut = name.lastIndexOf("/");
  return cut < 0 ? ["", name] : [name.slice(0, cut), name.slice(cut + 1)];
}
