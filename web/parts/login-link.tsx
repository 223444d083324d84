import { linkTo } from "../state/place.ts";
import { useSession } from "../state/session.ts";
import { say } from "../state/words.ts";

/** The way to the login and back here, for those whom it would help. */
export function LoginLink() {
  const { logins, user } = useSession();
  if (!logins || user !== undefined) return null;
  return <p class="actions"><a class="button" href={linkTo("login", { back: location.hash })}>{say("logIn")}</a></p>;
}
