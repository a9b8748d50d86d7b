import { html, Markup } from '../markup.ts';

/**
 * `accountPath`: where the team's own sign-in begins; with it the token is the second way. `trouble` says why somebody who
 * thought to be signed in is asked again.
 */
export function signInBody(trouble: string | null, accountPath: string | null = null): Markup {
  return html`<section class="card narrow">
<h1>Sign in</h1>
${trouble !== null && html`<p class="note">${trouble}</p>`}
${
  accountPath === null
    ? tokenForm(true)
    : html`<p><a class="button primary" href="${accountPath}">Sign in with your account</a></p>
<details><summary>or with an API token</summary>${tokenForm(false)}</details>`
}
</section>`;
}

function tokenForm(focused: boolean): Markup {
  return html`<form data-sign-in>
<label for="token">Your API token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required${focused && new Markup(' autofocus')}>
<button class="primary">Sign in</button>
</form>
<p class="hint">An admin gives you one: its SHA-256 stands beside your name in the team’s policy file. Under the demo, use the link that npm start printed.</p>`;
}

/** `next`: where to go on; all incidents when left out, nowhere when null. */
export function messageBody(
  heading: string,
  words: string,
  next: { readonly path: string; readonly words: string } | null = { path: '/', words: 'All incidents' },
): Markup {
  return html`<section class="card narrow"><h1>${heading}</h1><p>${words}</p>${next !== null && html`<p><a href="${next.path}">${next.words}</a></p>`}</section>`;
}
