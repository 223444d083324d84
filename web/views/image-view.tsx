import type { ImageAnswer, Page, ReferrerRow } from "../../src/server/api/answers.ts";
import type { ViewProps } from "../app.tsx";
import { Answered } from "../parts/answered.tsx";
import { Command } from "../parts/command.tsx";
import { ShortDigest } from "../parts/digest.tsx";
import { Heading } from "../parts/heading.tsx";
import { Moment } from "../parts/moment.tsx";
import { useMore } from "../parts/more.tsx";
import { pullCommand } from "../parts/pull-command.ts";
import { Settings } from "../parts/settings.tsx";
import { SignatureMark } from "../parts/signature.tsx";
import { useAnswer } from "../state/ask.ts";
import { linkTo } from "../state/place.ts";
import { useSession } from "../state/session.ts";
import { say, size } from "../state/words.ts";

export function ImageView({ place }: ViewProps) {
  const [repository, reference] = [place.query.get("repository") ?? "", place.query.get("reference") ?? ""];
  const loaded = useAnswer<ImageAnswer>("image", { repository, reference });
  return (
    <>
      <Heading repository={repository} title={reference.replace(/^(sha\d+:.{12}).*$/, "$1")} />
      <Answered loaded={loaded}>{(image) => <Image key={image.digest} image={image} reference={reference} />}</Answered>
    </>
  );
}

function Image({ image, reference }: { image: ImageAnswer; reference: string }) {
  const { host } = useSession();
  const name = `${host}/${image.repository}${reference.includes(":") ? "@" : ":"}${reference}`;
  return (
    <>
      <div class="commands">
        <Command label={say("pullIt")} text={pullCommand(image, { host, reference })} />
        <Command label={say("copyIt")} text={`sampan copy ${name} registry.example.com/${image.repository}${reference.includes(":") ? "" : `:${reference}`}`} />
      </div>
      <dl class="facts">
        <dt>{say("digest")}</dt><dd><code>{image.digest}</code></dd>
        {image.tags.length > 0 && <><dt>{say("tags")}</dt><dd>{image.tags.map((tag) => <a key={tag} class="mark" href={linkTo("image", { repository: image.repository, reference: tag })}>{tag}</a>)}</dd></>}
        {image.signature !== "none" && <><dt>{say("signature")}</dt><dd><SignatureMark word={image.signature} /> <span class="quiet">{say(image.signature === "valid" ? "signedHint" : image.signature === "missing" ? "unsignedHint" : "signaturesHint")}</span></dd></>}
        <dt>{say("size")}</dt><dd>{size(image.size)}</dd>
        {image.platform && <><dt>{say("platform")}</dt><dd>{image.platform}</dd></>}
        {image.created && <><dt>{say("created")}</dt><dd><Moment at={Date.parse(image.created)} /></dd></>}
        <dt>{say("type")}</dt><dd><code>{image.artifactType ?? image.mediaType}</code></dd>
      </dl>
      {image.manifests.length > 0 && <Platforms image={image} />}
      {image.layers.length > 0 && <Layers image={image} />}
      {image.history.length > 0 && <History image={image} />}
      <Settings title={say("config")} settings={image.config} />
      <Settings title={say("annotations")} settings={image.annotations} />
      <Referrers image={image} />
    </>
  );
}

function Platforms({ image: { manifests, repository } }: { image: ImageAnswer }) {
  return (
    <section>
      <h2>{say("platforms")}</h2>
      <table>
        <thead><tr><th>{say("platform")}</th><th>{say("digest")}</th><th class="number">{say("size")}</th></tr></thead>
        <tbody>
          {manifests.map(({ digest, platform, size: bytes }) => (
            <tr key={digest}>
              <td><a class="name" href={linkTo("image", { repository, reference: digest })}>{platform === "" ? say("otherPlatform") : platform}</a></td>
              <td data-label={say("digest")}><ShortDigest digest={digest} /></td>
              <td class="number" data-label={say("size")}>{size(bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Layers({ image: { layers } }: { image: ImageAnswer }) {
  const largest = Math.max(1, ...layers.map((layer) => layer.size));
  return (
    <section>
      <h2>{say("layers")} <span class="quiet">{layers.length}</span></h2>
      <table>
        <thead><tr><th>{say("digest")}</th><th>{say("step")}</th><th class="number">{say("size")}</th></tr></thead>
        <tbody>
          {layers.map((layer, index) => (
            <tr key={index}>
              <td data-label={say("digest")}><ShortDigest digest={layer.digest} /></td>
              <td class="step" data-label={say("step")}><code>{layer.createdBy ?? layer.mediaType}</code></td>
              <td class="number" data-label={say("size")}>{size(layer.size)}<div class="gauge"><div style={{ width: `${(100 * layer.size) / largest}%` }} /></div></td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function History({ image: { history } }: { image: ImageAnswer }) {
  return (
    <section>
      <h2>{say("history")}</h2>
      <ol class="history">
        {history.map((entry, index) => (
          <li key={index}><code>{entry.createdBy || entry.comment || "–"}</code> <span class="quiet">{entry.size === undefined ? say("noLayer") : size(entry.size)}</span></li>
        ))}
      </ol>
    </section>
  );
}

function Referrers({ image }: { image: ImageAnswer }) {
  const loaded = useAnswer<Page<ReferrerRow>>("referrers", { repository: image.repository, digest: image.digest });
  return <section><h2>{say("referrers")}</h2><Answered loaded={loaded}>{(page) => <ReferrerRows page={page} image={image} />}</Answered></section>;
}

function ReferrerRows({ page, image: { repository, digest } }: { page: Page<ReferrerRow>; image: ImageAnswer }) {
  const { items, button } = useMore(page, "referrers", { repository, digest });
  if (items.length === 0) return <p class="quiet">{say("noReferrers")}</p>;
  return (
    <>
      <table>
        <thead><tr><th>{say("artifact")}</th><th>{say("digest")}</th><th class="number">{say("size")}</th></tr></thead>
        <tbody>
          {items.map((row) => (
            <tr key={row.digest}>
              <td><a class="name" href={linkTo("image", { repository, reference: row.digest })}>{row.artifactType ?? row.mediaType}</a></td>
              <td data-label={say("digest")}><ShortDigest digest={row.digest} /></td>
              <td class="number" data-label={say("size")}>{size(row.size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {button}
    </>
  );
}
