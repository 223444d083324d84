import { isDigest } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { isTag } from "../../oci/reference.ts";
import { refusal } from "../terms/refusals.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { HistoryRow, ImageAnswer, LayerRow } from "./answers.ts";
import { repositoryOf, wordOf, type ApiExchange } from "./api-exchange.ts";
import { configTexts } from "./config-texts.ts";
import { imageSize, platformText, viewImage, type ImageView } from "./image-view.ts";
import { readJsonBlob } from "./read-json-blob.ts";

/** What the records call the artifact type of an ordinary image: the type of its config. */
const IMAGE_CONFIGS: readonly string[] = [mediaType.ociConfig, mediaType.dockerConfig];

/** An image or an index, by tag or digest. */
export async function showImage(exchange: ApiExchange): Promise<ImageAnswer> {
  const repository = repositoryOf(exchange);
  return describeImage(exchange, repository, await findImage(exchange, repository, wordOf(exchange, "reference")));
}

/** @throws RegistryError MANIFEST_UNKNOWN; TAG_INVALID */
export async function findImage({ storage }: ApiExchange, repository: string, reference: string): Promise<ImageView> {
  if (!isDigest(reference) && !isTag(reference)) throw new RegistryError("TAG_INVALID", "the reference is neither a tag nor a digest");
  const manifest = await storage.metadata.manifest(repository, reference);
  if (!manifest) throw refusal("imageMissing", {}, { as: "MANIFEST_UNKNOWN", detail: { name: repository, reference } });
  return viewImage(manifest);
}

export async function describeImage({ storage, signatures }: ApiExchange, repository: string, view: ImageView): Promise<ImageAnswer> {
  const { manifest, annotations } = view;
  const config = (view.config && (await readJsonBlob(storage, repository, view.config.digest))) ?? {};
  const { layers, history } = stepsOf(view, config["history"]);
  const created = config["created"];
  const platform = platformText(config);
  return {
    repository,
    digest: manifest.digest,
    mediaType: manifest.mediaType,
    size: await imageSize(storage, repository, view),
    tags: await storage.metadata.tagsOf(repository, manifest.digest),
    signature: await signatures.state(repository, manifest),
    annotations,
    ...(manifest.artifactType === undefined || IMAGE_CONFIGS.includes(manifest.artifactType) ? {} : { artifactType: manifest.artifactType }),
    manifests: await Promise.all(view.manifests.map(async ({ digest, platform: said, size }) => {
      const child = await storage.metadata.manifest(repository, digest);
      return { digest, platform: platformText(said) ?? "", size: child ? await imageSize(storage, repository, viewImage(child)) : size };
    })),
    ...(platform === undefined ? {} : { platform }),
    ...(typeof created === "string" ? { created } : {}),
    layers,
    history,
    config: configTexts(config["config"]),
  };
}

/** Joins layers with the steps that made them: the history has one entry for each layer, and some for steps without one. */
function stepsOf({ layers }: ImageView, value: unknown): { layers: readonly LayerRow[]; history: readonly HistoryRow[] } {
  const entries = (Array.isArray(value) ? value : []).filter((entry): entry is Record<string, unknown> => typeof entry === "object" && entry !== null);
  const rows: LayerRow[] = layers.map(({ digest, mediaType, size }) => ({ digest, mediaType, size }));
  const counted = entries.filter((entry) => entry["empty_layer"] !== true).length === layers.length;
  let next = 0;
  const history = entries.map((entry): HistoryRow => {
    const createdBy = typeof entry["created_by"] === "string" ? entry["created_by"] : "";
    const made = counted && entry["empty_layer"] !== true ? rows[next] : undefined;
    if (made) rows[next++] = { ...made, createdBy };
    return {
      createdBy,
      ...(typeof entry["created"] === "string" ? { created: entry["created"] } : {}),
      ...(typeof entry["comment"] === "string" ? { comment: entry["comment"] } : {}),
      ...(made ? { size: made.size } : {}),
    };
  });
  return { layers: rows, history };
}
