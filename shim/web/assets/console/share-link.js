/* <oc-share-link>: the address of the host's own page, to look at and to copy. */
import { View, h } from '../view.js';
import { t } from '../i18n.js';
import { copyText } from './session.js';

class ShareLink extends View {
  user = null;
  state = 'ready';

  async copy(link) {
    this.set({ state: await copyText(link) ? 'copied' : 'failed' });
  }

  view() {
    const link = `${location.origin}/${this.user.username}`;

    return h('div', { class: 'row share-link' },
      h('a', { href: link, target: '_blank' }, link.replace(/^https?:\/\//, '')),
      h('button', { type: 'button', class: 'small', onclick: () => this.copy(link) }, t('console.share.copy')),
      this.state !== 'ready' && h('span', { role: 'status', class: 'small' },
        t(this.state === 'copied' ? 'common.copied' : 'console.share.byHand')));
  }
}

customElements.define('oc-share-link', ShareLink);
