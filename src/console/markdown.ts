import markdownIt from 'markdown-it';
import { Markup, withoutDeceiving } from './markup.ts';

/**
 * Documents that people and the machine write, as part of a page. Raw HTML in them stays text, addresses that run
 * something are refused by the parser, and pictures are left out: a picture from elsewhere would tell who reads.
 */
const parser = markdownIt({ html: false, linkify: false, typographer: false }).disable('image');
const ordinary = parser.renderer.rules.link_open;
parser.renderer.rules.link_open = (tokens, index, options, env, self) => {
  tokens[index]?.attrSet('rel', 'noreferrer noopener');
  tokens[index]?.attrSet('target', '_blank');
  return ordinary?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
};

export function markdown(text: string): Markup {
  return new Markup(parser.render(withoutDeceiving(text)));
}
