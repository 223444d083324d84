import type { CacheExport, CacheImport, S3Options } from "../../cache/cache-options.ts";
import { isDigest } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { fault } from "../../std/fault.ts";
import { readPacking } from "../flags/compression.ts";
import { csvFields, withoutKeys } from "../flags/csv.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Fields = ReadonlyMap<string, string>;

const S3_FIELDS = [
  "bucket", "region", "prefix", "blobs_prefix", "manifests_prefix", "name", "endpoint_url", "use_path_style", "access_key_id", "secret_access_key", "session_token",
  "retry_mode", "retry_max_attempts",
] as const;
const EXPORT_FIELDS = ["mode", "compression", "compression-level", "force-compression", "oci-mediatypes", "image-manifest", "ignore-error"] as const;
const FIELDS: Readonly<Record<"from" | "to", Readonly<Record<string, readonly string[]>>>> = {
  from: { registry: ["ref", "registry.insecure"], local: ["src", "tag", "digest"], s3: S3_FIELDS },
  to: {
    inline: [], registry: ["ref", "registry.insecure", ...EXPORT_FIELDS], local: ["dest", "tag", ...EXPORT_FIELDS],
    s3: [...S3_FIELDS, "touch_refresh", "upload_parallelism", ...EXPORT_FIELDS],
  },
};

/** What means nothing for folders of cache mounts. */
const OF_LAYERS: ReadonlySet<string> = new Set(["mode", "force-compression", "oci-mediatypes", "image-manifest"]);

/** What only runs in one provider's service, and what does the same elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  gha: "GitHub's cache service is spoken to by its own runners only: use type=registry,ref=ghcr.io/OWNER/REPOSITORY:cache there",
  azblob: "use type=registry with a registry of Azure, or type=s3",
};

/** The caches of --cache-from, as buildx reads it: `type=…,…`, or a reference alone. @throws USAGE, NOT_SUPPORTED, REFERENCE_INVALID */
export function cacheImports(texts: readonly string[], env: Environment, flag = "--cache-from"): CacheImport[] {
  return texts.map((text) => {
    const { type, fields } = read(text, "from", flag);
    switch (type) {
      case "registry":
        return { type, ref: referenceOf(fields, text, flag), ...insecure(fields, text, flag) };
      case "local": {
        const digest = fields.get("digest");
        if (digest !== undefined && !isDigest(digest)) throw invalid(text, flag, "digest= is no digest");
        const tag = fields.get("tag");
        return { type, src: needed(fields, "src", text, flag), ...(digest === undefined ? {} : { digest }), ...(tag === undefined ? {} : { tag }) };
      }
      default:
        return { type: "s3", ...s3Options(fields, env, text, flag) };
    }
  });
}

/** The caches of --cache-to. @throws USAGE, NOT_SUPPORTED, REFERENCE_INVALID */
export function cacheExports(texts: readonly string[], env: Environment, flag = "--cache-to"): CacheExport[] {
  return texts.map((text) => {
    const { type, fields } = read(text, "to", flag);
    if (type === "inline") return { type };
    const how = exportOptions(fields, text, flag);
    switch (type) {
      case "registry":
        return { type, ref: referenceOf(fields, text, flag), ...insecure(fields, text, flag), ...how };
      case "local": {
        const tag = fields.get("tag");
        return { type, dest: needed(fields, "dest", text, flag), ...(tag === undefined ? {} : { tag }), ...how };
      }
      default:
        return { type: "s3", ...s3Options(fields, env, text, flag), ...how };
    }
  });
}

/** The places of --cache-mounts-to: as for caches, but in no image, and whole. @throws USAGE, NOT_SUPPORTED, REFERENCE_INVALID */
export function mountExports(texts: readonly string[], env: Environment): CacheExport[] {
  const flag = "--cache-mounts-to";
  const caches = cacheExports(texts, env, flag);
  if (caches.some(({ type }) => type === "inline")) throw fault("NOT_SUPPORTED", { feature: `type=inline in ${flag}`, hint: "folders are kept in a registry, in a local folder or in S3" });
  return caches;
}

function read(text: string, way: "from" | "to", flag: string): { type: string; fields: Fields } {
  const fields = text.includes("=") ? csvFields(text, flag) : new Map([["type", "registry"], ["ref", text]]);
  const type = fields.get("type") ?? "";
  if (Object.hasOwn(ELSEWHERE, type)) throw fault("NOT_SUPPORTED", { feature: `a cache of type ${type}`, hint: ELSEWHERE[type]! });
  if (way === "from" && type === "inline") throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${flag}: an inline cache is read from its image`, hint: "write type=registry,ref=IMAGE" });
  const known = Object.hasOwn(FIELDS[way], type) ? FIELDS[way][type]!.filter((key) => flag !== "--cache-mounts-to" || !OF_LAYERS.has(key)) : undefined;
  if (!known) throw invalid(text, flag, type === "" ? "it has no type=" : `the type ${JSON.stringify(type)} is not known; the types are ${Object.keys(FIELDS[way]).join(", ")}`);
  for (const key of fields.keys()) {
    if (key !== "type" && !known.includes(key)) throw fault("NOT_SUPPORTED", { feature: `${key}= in ${flag} ${JSON.stringify(withoutKeys(text))}`, hint: known.length === 0 ? `a cache of type ${type} takes nothing else` : `a cache of type ${type} takes ${known.join(", ")}` });
  }
  return { type, fields };
}

function exportOptions(fields: Fields, text: string, flag: string): Omit<Extract<CacheExport, { type: "local" }>, "type" | "dest" | "tag"> {
  const mode = fields.get("mode") ?? "min";
  if (mode !== "min" && mode !== "max") throw invalid(text, flag, `the mode is min or max, not ${JSON.stringify(mode)}`);
  const force = isTrue(fields, "force-compression", text, flag) ?? false;
  const packing = readPacking({ compression: fields.get("compression"), level: fields.get("compression-level"), force }, flag);
  const ociMediaTypes = isTrue(fields, "oci-mediatypes", text, flag) ?? true;
  const imageManifest = isTrue(fields, "image-manifest", text, flag) ?? ociMediaTypes;
  if (imageManifest && !ociMediaTypes) throw invalid(text, flag, "image-manifest=true needs oci-mediatypes=true");
  return { mode, ...(packing ? { packing } : {}), ociMediaTypes, imageManifest, ignoreError: isTrue(fields, "ignore-error", text, flag) ?? false };
}

function s3Options(fields: Fields, env: Environment, text: string, flag: string): S3Options {
  const bucket = fields.get("bucket") ?? env["AWS_BUCKET"];
  const region = fields.get("region") ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (!bucket) throw invalid(text, flag, "bucket= is missing");
  if (!region) throw invalid(text, flag, "region= is missing");
  const endpointUrl = fields.get("endpoint_url");
  if (endpointUrl !== undefined && !/^https?:\/\/[^/?#@]+(?:\/[^?#]*)?$/.test(endpointUrl)) throw invalid(text, flag, "endpoint_url= is no http(s) address");
  const style = isTrue(fields, "use_path_style", text, flag);
  const parallelism = fields.get("upload_parallelism");
  if (parallelism !== undefined && !/^[1-9]\d{0,2}$/.test(parallelism)) throw invalid(text, flag, "upload_parallelism= is a number from 1 to 999");
  const mode = fields.get("retry_mode");
  if (mode !== undefined && mode !== "standard") throw invalid(text, flag, `retry_mode= is standard, not ${JSON.stringify(mode)}`);
  const attempts = fields.get("retry_max_attempts");
  if (attempts !== undefined && !/^[1-9]\d?$/.test(attempts)) throw invalid(text, flag, "retry_max_attempts= is a number from 1 to 99");
  const names = fields.get("name")?.split(";").filter((name) => name !== "");
  if (names?.length === 0) throw invalid(text, flag, "name= is empty");
  const optional = {
    attempts: attempts === undefined ? undefined : Number(attempts),
    uploadParallelism: parallelism === undefined ? undefined : Number(parallelism), touchRefresh: duration(fields, text, flag),
    prefix: fields.get("prefix"), blobsPrefix: fields.get("blobs_prefix"), manifestsPrefix: fields.get("manifests_prefix"), names,
    endpointUrl, usePathStyle: style, accessKeyId: fields.get("access_key_id"), secretAccessKey: fields.get("secret_access_key"), sessionToken: fields.get("session_token"),
  };
  return { bucket, region, ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) };
}

/** Milliseconds of `24h`, `90m` or `1h30m`. */
function duration(fields: Fields, text: string, flag: string): number | undefined {
  const time = fields.get("touch_refresh");
  if (time === undefined) return undefined;
  const parts = [...time.matchAll(/(\d{1,6})(h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== time) throw invalid(text, flag, "touch_refresh= is a time such as 24h");
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * { h: 3_600_000, m: 60_000, s: 1000 }[unit as "h" | "m" | "s"], 0);
}

function referenceOf(fields: Fields, text: string, flag: string): string {
  const ref = needed(fields, "ref", text, flag);
  parseReference(ref);
  return ref;
}

function needed(fields: Fields, key: string, text: string, flag: string): string {
  const value = fields.get(key);
  if (!value) throw invalid(text, flag, `${key}= is missing`);
  return value;
}

function insecure(fields: Fields, text: string, flag: string): { insecure?: boolean } {
  return isTrue(fields, "registry.insecure", text, flag) ? { insecure: true } : {};
}

function isTrue(fields: Fields, key: string, text: string, flag: string): boolean | undefined {
  const value = fields.get(key);
  if (value === undefined) return undefined;
  if (/^(?:|1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw invalid(text, flag, `${key}= is true or false, not ${JSON.stringify(value)}`);
}

function invalid(text: string, flag: string, problem: string): Error {
  return fault("USAGE", { problem: `invalid argument ${JSON.stringify(withoutKeys(text))} for ${flag}: ${problem}` });
}
