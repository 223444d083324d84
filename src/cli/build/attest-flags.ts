import type { AttestOptions, ProvenanceOptions } from "../../build/attest/provenance-options.ts";
import { fault } from "../../std/fault.ts";
import { csvFields } from "../flags/csv.ts";

/** What of the command line says what is attached. */
export interface AttestWords {
  readonly attest: readonly string[];
  readonly provenance: string | undefined;
  readonly sbom: string | undefined;
}

/** The attributes of one kind of attestation; undefined where it is switched off. */
type Attributes = ReadonlyMap<string, string> | undefined;

const KINDS = ["provenance", "sbom"];

/**
 * What `--attest type=sbom,…`, `--provenance mode=max` and `--sbom true` ask for, by type. Of several for one type the first
 * counts, and --attest comes before the other two, as with buildx.
 * @throws USAGE
 */
export function attestFlags({ attest, provenance, sbom }: AttestWords): ReadonlyMap<string, Attributes> {
  const found = new Map<string, Attributes>();
  const words = [...attest.map((text) => [text, "--attest"] as const), ...[["provenance", provenance], ["sbom", sbom]].flatMap(([type, text]) => (text ? [[shorthand(type!, text), `--${type!}`] as const] : []))];
  for (const [text, shown] of words) {
    const fields = csvFields(text, shown);
    const alone = [...fields].find(([key, value]) => value === "" && !text.toLowerCase().includes(`${key}=`));
    if (alone) throw usage(text, shown, `invalid value ${alone[0]}`);
    const { type = "", disabled, ...attributes } = Object.fromEntries(fields);
    if (!KINDS.includes(type)) throw usage(text, shown, type === "" ? "attestation type not specified" : `unknown attestation type ${JSON.stringify(type)}`);
    if (!found.has(type)) found.set(type, disabled !== undefined && readBoolean("disabled", disabled, { text, shown }) ? undefined : new Map(Object.entries(attributes)));
  }
  return found;
}

/** What is attached to a build here. @throws USAGE, NOT_SUPPORTED */
export function attestOptions(words: AttestWords): AttestOptions {
  const found = attestFlags(words);
  const [attributes, sbom] = [found.get("provenance"), found.get("sbom")];
  return { ...(attributes === undefined ? {} : { provenance: provenanceOptions(attributes) }), ...(sbom === undefined ? {} : { sbom: sbomOption(sbom) }) };
}

/** The packages are found by this program itself. */
function sbomOption(attributes: ReadonlyMap<string, string>): true {
  const [other] = attributes.keys();
  if (other === undefined) return true;
  const hint = other === "generator" ? "Sampan finds packages itself: --sbom=true; a BuildKit worker runs other generators: add --builder ADDRESS" : "--sbom takes true and false";
  throw fault("NOT_SUPPORTED", { feature: `${other}= of --sbom`, hint });
}

function shorthand(type: string, text: string): string {
  const isSwitch = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text);
  return isSwitch ? `type=${type},disabled=${String(/^[0fF]/.test(text))}` : `type=${type},${text}`;
}

function provenanceOptions(attributes: ReadonlyMap<string, string>): ProvenanceOptions {
  const about = { text: [...attributes].map(([key, value]) => `${key}=${value}`).join(","), shown: "--provenance" };
  const known = ["mode", "version", "builder-id", "filename", "reproducible", "complete-materials", "inline-only"];
  const unknown = [...attributes.keys()].find((key) => !known.includes(key));
  if (unknown !== undefined) throw fault("NOT_SUPPORTED", { feature: `${unknown}= in the provenance ${JSON.stringify(about.text)}`, hint: `it takes ${known.join(", ")}` });
  const flag = (key: string): boolean => attributes.has(key) && readBoolean(key, attributes.get(key)!, about);
  const mode = attributes.get("mode") ?? "max";
  if (mode !== "min" && mode !== "max" && mode !== "full") throw usage(about.text, about.shown, `invalid mode ${JSON.stringify(mode)}`);
  const version = attributes.get("version") ?? "v1";
  if (version !== "v1" && version !== "v0.2") throw usage(about.text, about.shown, `invalid provenance SLSA version: ${version}`);
  const [builderId, filename] = [attributes.get("builder-id"), attributes.get("filename")];
  return {
    mode: mode === "min" ? "min" : "max", version,
    ...(builderId ? { builderId } : {}), ...(filename ? { filename } : {}),
    reproducible: flag("reproducible"), completeMaterials: flag("complete-materials"), inlineOnly: flag("inline-only"),
  };
}

function readBoolean(key: string, value: string, { text, shown }: { readonly text: string; readonly shown: string }): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw usage(text, shown, `invalid value ${key}=${value}`);
}

function usage(text: string, shown: string, problem: string): Error {
  return fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}: ${problem}`, hint: "it looks like --provenance mode=max, --sbom true, or --attest type=provenance,mode=max" });
}
