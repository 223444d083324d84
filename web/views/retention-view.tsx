import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AppliedAnswer, PlanAnswer } from "../../src/server/api/answers.ts";
import type { ViewProps } from "../app.tsx";
import { Answered, Failed } from "../parts/answered.tsx";
import { Command } from "../parts/command.tsx";
import { ShortDigest } from "../parts/digest.tsx";
import { Heading } from "../parts/heading.tsx";
import { Notice } from "../parts/notice.tsx";
import { tell, useAnswer } from "../state/ask.ts";
import { because } from "../state/because.ts";
import { linkTo } from "../state/place.ts";
import { say } from "../state/words.ts";

type RepositoryPlan = PlanAnswer["repositories"][number];

const HOUR = 3_600_000;

export function RetentionView({ place: { query } }: ViewProps) {
  const last = query.get("last") ?? undefined;
  const loaded = useAnswer<PlanAnswer>("retention", { last });
  const [only, setOnly] = useState(false);
  return (
    <>
      <Heading title={say("retention")}>
        <p class="quiet">{say("retentionHint")}</p>
        <label class="inline"><input type="checkbox" checked={only} onChange={() => setOnly(!only)} /> {say("onlyDeletes")}</label>
      </Heading>
      <Answered loaded={loaded}>
        {(plan) => (
          <>
            {plan.repositories.length === 0 && <Notice title={say("noRules")}><p>{say("noRulesHint")}</p><Command text={'retention: { rules: [{ repositories: "**", preset: last-3-versions }] }'} /></Notice>}
            {plan.repositories.map((each) => <Plan key={each.repository} plan={each} trash={plan.trash} only={only} again={loaded.again} />)}
            {plan.next && <p class="actions"><a class="button" href={linkTo("retention", { last: plan.next })}>{say("more")}</a></p>}
          </>
        )}
      </Answered>
    </>
  );
}

function Plan({ plan, trash, only, again }: { plan: RepositoryPlan; trash: number; only: boolean; again: () => void }) {
  const going = plan.tags.filter(({ verdict }) => verdict === "delete");
  const shown = only ? going : plan.tags;
  return (
    <section>
      <h2><a href={linkTo("tags", { repository: plan.repository })}>{plan.repository}</a></h2>
      {going.length === 0 && <p class="quiet">{say("nothingGoes")}</p>}
      {shown.length > 0 && (
        <table>
          <thead><tr><th>{say("tag")}</th><th /><th>{say("reason")}</th><th>{say("digest")}</th></tr></thead>
          <tbody>
            {shown.map(({ tag, digest, verdict, reason, why }) => (
              <tr key={tag}>
                <td><a class="name" href={linkTo("image", { repository: plan.repository, reference: tag })}>{tag}</a></td>
                <td><span class={`mark ${verdict === "keep" ? "good" : "bad"}`}>{say(verdict === "keep" ? "keeps" : "deletes")}</span></td>
                <td class="step">{because(reason, why)}</td>
                <td data-label={say("digest")}><ShortDigest digest={digest} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {going.length > 0 && plan.mayApply && <Apply plan={plan} going={going} trash={trash} again={again} />}
    </section>
  );
}

/** Asks once more, and then has done exactly what was shown. */
function Apply({ plan: { repository }, going, trash, again }: { plan: RepositoryPlan; going: RepositoryPlan["tags"]; trash: number; again: () => void }) {
  const [stage, setStage] = useState<"shown" | "asked" | "running">("shown");
  const [applied, setApplied] = useState<AppliedAnswer>();
  const [error, setError] = useState<Error>();
  // Enter pressed twice deletes nothing: the question begins with the way back, which leads to where it came from.
  const [begin, back, before] = [useRef<HTMLButtonElement>(null), useRef<HTMLButtonElement>(null), useRef(stage)];
  useLayoutEffect(() => {
    if (stage === "asked") back.current?.focus();
    else if (before.current === "asked") begin.current?.focus();
    before.current = stage;
  }, [stage]);
  const apply = (): void => {
    setStage("running");
    void tell<AppliedAnswer>("POST", "retention/apply", { repository, tags: going.map(({ tag, digest }) => ({ tag, digest })) }).then(setApplied, setError);
  };
  const period = trash >= 48 * HOUR ? say("days", { count: Math.round(trash / 24 / HOUR) }) : say("hours", { count: Math.ceil(trash / HOUR) });
  if (error) return <Failed error={error} again={again} />;
  if (applied) return <p class="actions" role="status">{say("applied", { count: applied.deleted })}{applied.changed > 0 && ` ${say("appliedChanged", { count: applied.changed })}`} <button type="button" onClick={again}>{say("planAgain")}</button> <a class="button" href={linkTo("trash")}>{say("trash")}</a></p>;
  const cancel = (): void => setStage("shown");
  if (stage === "shown") return <p key="shown" class="actions"><button type="button" class="danger" ref={begin} onClick={() => setStage("asked")}>{say("apply", { count: going.length })}</button></p>;
  return (
    <p key="asked" class="actions" role="alertdialog" aria-label={say("retention")} onKeyDown={({ key }) => key === "Escape" && stage === "asked" && cancel()}>
      <span>{trash > 0 ? say("applyAsk", { count: going.length, repository, period }) : say("applyAskForGood", { count: going.length, repository })}</span>
      <button type="button" class="danger" disabled={stage === "running"} onClick={apply}>{say("apply", { count: going.length })}</button>
      <button type="button" disabled={stage === "running"} ref={back} onClick={cancel}>{say("cancel")}</button>
    </p>
  );
}
