import { refusal } from "../terms/refusals.ts";
import type { DiffAnswer, DiffSide, ImageAnswer } from "./answers.ts";
import { repositoryOf, wordOf, type ApiExchange } from "./api-exchange.ts";
import { describeImage, findImage } from "./image.ts";
import { platformText, type ImageView } from "./image-view.ts";

/** What differs between two images of a repository; of indexes, between their images for one platform. */
export async function diffImages(exchange: ApiExchange): Promise<DiffAnswer> {
  const repository = repositoryOf(exchange);
  const [from, to] = [wordOf(exchange, "from"), wordOf(exchange, "to")];
  const views = [await findImage(exchange, repository, from), await findImage(exchange, repository, to)] as const;
  const platform = exchange.query.get("platform") ?? commonPlatform(...views);
  const [before, after] = [await sideOf(exchange, repository, views[0], platform), await sideOf(exchange, repository, views[1], platform)];
  const own = (layers: ImageAnswer["layers"], side: "from" | "to", others: ReadonlySet<string>): DiffAnswer["layers"] =>
    layers.map(({ digest, size, createdBy }) => ({ digest, size, in: others.has(digest) ? "both" : side, ...(createdBy === undefined ? {} : { createdBy }) }));
  const [digestsBefore, digestsAfter] = [new Set(before.layers.map(({ digest }) => digest)), new Set(after.layers.map(({ digest }) => digest))];
  const keys = [...new Set([...Object.keys(before.config), ...Object.keys(after.config)])].sort();
  return {
    ...(platform === undefined ? {} : { platform }),
    from: side(from, before),
    to: side(to, after),
    layers: [...own(after.layers, "to", digestsBefore), ...own(before.layers, "from", digestsAfter).filter((layer) => layer.in === "from")],
    config: keys.filter((key) => before.config[key] !== after.config[key]).map((key) => ({ key, from: before.config[key], to: after.config[key] })),
  };
}

function side(reference: string, { digest, size }: ImageAnswer): DiffSide {
  return { reference, digest, size };
}

function commonPlatform(from: ImageView, to: ImageView): string | undefined {
  const names = (view: ImageView): readonly string[] => view.manifests.flatMap(({ platform }) => platformText(platform) ?? []);
  const [before, after] = [names(from), names(to)];
  return before.find((platform) => after.includes(platform)) ?? before[0] ?? after[0];
}

async function sideOf(exchange: ApiExchange, repository: string, view: ImageView, platform: string | undefined): Promise<ImageAnswer> {
  if (view.manifests.length === 0) return describeImage(exchange, repository, view);
  const chosen = view.manifests.find((each) => platformText(each.platform) === platform);
  if (!chosen) throw refusal("platformMissing", { digest: view.manifest.digest, platform: platform ?? "any platform" }, { as: "MANIFEST_UNKNOWN" });
  return describeImage(exchange, repository, await findImage(exchange, repository, chosen.digest));
}
