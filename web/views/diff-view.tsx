import type { DiffAnswer } from "../../src/server/api/answers.ts";
import type { ViewProps } from "../app.tsx";
import { Answered } from "../parts/answered.tsx";
import { ShortDigest } from "../parts/digest.tsx";
import { Heading } from "../parts/heading.tsx";
import { useAnswer } from "../state/ask.ts";
import { linkTo } from "../state/place.ts";
import { say, size } from "../state/words.ts";

const WORDS = { both: "inBoth", from: "onlyFrom", to: "onlyTo" } as const;

export function DiffView({ place: { query } }: ViewProps) {
  const [repository, from, to] = [query.get("repository") ?? "", query.get("from") ?? "", query.get("to") ?? ""];
  const loaded = useAnswer<DiffAnswer>("diff", { repository, from, to, platform: query.get("platform") ?? undefined });
  return (
    <>
      <Heading repository={repository} title={`${from} → ${to}`} />
      <Answered loaded={loaded}>{(answer) => <Differences answer={answer} repository={repository} />}</Answered>
    </>
  );
}

function Differences({ answer, repository }: { answer: DiffAnswer; repository: string }) {
  const sum = (place: "both" | "from" | "to"): string => size(answer.layers.reduce((bytes, layer) => bytes + (layer.in === place ? layer.size : 0), 0));
  return (
    <>
      <dl class="facts">
        {answer.platform && <><dt>{say("platform")}</dt><dd>{answer.platform}</dd></>}
        {[[say("before"), answer.from] as const, [say("after"), answer.to] as const].map(([label, side]) => (
          <><dt>{label}</dt><dd><a href={linkTo("image", { repository, reference: side.reference })}>{side.reference}</a> <ShortDigest digest={side.digest} /> {size(side.size)}</dd></>
        ))}
      </dl>
      <section>
        <h2>{say("layers")}</h2>
        <p class="quiet">{answer.layers.every((layer) => layer.in === "both") ? say("sameLayers") : say("shared", { size: sum("both"), added: sum("to"), removed: sum("from") })}</p>
        <table>
          <tbody>
            {answer.layers.map((layer) => (
              <tr key={`${layer.in} ${layer.digest}`} class={`in-${layer.in}`}>
                <td><span class="mark">{say(WORDS[layer.in])}</span></td>
                <td><ShortDigest digest={layer.digest} /></td>
                <td class="step"><code>{layer.createdBy ?? ""}</code></td>
                <td class="number">{size(layer.size)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section>
        <h2>{say("config")}</h2>
        {answer.config.length === 0 ? <p class="quiet">{say("sameConfig")}</p> : (
          <table>
            <thead><tr><th>{say("setting")}</th><th>{say("before")}</th><th>{say("after")}</th></tr></thead>
            <tbody>
              {answer.config.map(({ key, from, to }) => (
                <tr key={key}><td class="name">{key}</td><td class="step in-from" data-label={say("before")}><code>{from ?? "–"}</code></td><td class="step in-to" data-label={say("after")}><code>{to ?? "–"}</code></td></tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}
