/*
 * <hold-status>: what has become of a hold, with the time that is left of it. Property: hold (hold.js), shown anew by
 * update(); isFree: whether the slot of a hold that ran out was found free since. Events: runout; again (asks for the hold
 * once more). Screen readers hear few moments of it, not each second.
 */
import { View, announce, h } from './view.js';
import { errorText, t } from './i18n.js';
import { formatCountdown } from './time.js';
import { icon } from './icons.js';

const TOLD_AT = 60_000;

class HoldStatus extends View {
  start() {
    this.timer = setInterval(() => this.tick(), 1000);
  }

  stop() {
    clearInterval(this.timer);
  }

  /* A second less, for the way of the answers. */
  get left() {
    return Date.parse(this.hold.expiresAt) - this.hold.clock() - 1000;
  }

  tick() {
    if (this.hold?.state !== 'held') return;
    if (this.left <= 0) {
      this.tell('hold.ended');
      this.emit('runout');
      return;
    }
    if (this.left <= TOLD_AT && this.tellOf !== this.hold.token) {
      this.tellOf = this.hold.token;
      this.tell('hold.minuteLeft');
    }
    this.update();
  }

  /* Not while another time is being chosen. */
  tell(key) {
    if (this.checkVisibility()) announce(t(key));
  }

  view() {
    const { state } = this.hold ?? { state: 'none' };

    switch (state) {
      case 'asking': return h('p', { class: 'hold quiet' }, icon('clock'), h('span', null, t('hold.asking')));
      case 'held': return this.countdown();
      case 'unheld': return h('p', { class: 'note warn' }, t('hold.unheld'));
      case 'failed': return this.offer(errorText(this.hold.error, ['hold.errors']), t('hold.failed'));
      case 'ended': return this.offer(t('hold.ended'), this.isFree ? t('hold.stillFree') : '');
      default: return [];
    }
  }

  countdown() {
    return h('p', { class: this.left > TOLD_AT ? 'hold' : 'hold soon' }, icon('clock'),
      h('span', { role: 'timer', class: 'numbers' }, t('hold.held', { time: formatCountdown(this.left) })));
  }

  offer(...texts) {
    return h('div', { class: 'note warn stack tight' },
      h('p', null, texts.filter(Boolean).join(' ')),
      h('div', null, h('button', { type: 'button', class: 'small', onclick: () => this.emit('again') }, t('hold.again'))));
  }
}

customElements.define('hold-status', HoldStatus);
