import { say, send } from './said.js';

document.addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-sign-in]');
  if (form === null) return;
  event.preventDefault();
  const answer = await send('POST', '/session', { token: form.elements.token.value.trim() }).catch(() => null);
  if (answer?.ok) return location.reload();
  const words =
    answer === null
      ? 'The gateway does not answer. Try again.'
      : ((await answer.json().catch(() => ({}))).error ?? 'That did not work. Try again.');
  say(words, 'bad');
});

document.addEventListener('click', async (event) => {
  if (event.target.closest('[data-sign-out]') === null) return;
  await send('DELETE', '/session').catch(() => null);
  location.assign('/');
});
