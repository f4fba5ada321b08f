/*
 * <oc-meet-hint>: whether Google Meet can make the links of an event type: it needs a calendar that bookings are written into.
 * Property isOfTeam: the links are made in the calendars of several hosts.
 */
import { View, h } from '../view.js';
import { t } from '../i18n.js';
import { statusOf, stateOf, writeTargetOf } from './calendar-data.js';

class MeetHint extends View {
  isOfTeam = false;
  status = null;

  /* The form is of use without this. */
  async start() {
    this.set({ status: await statusOf().catch(() => null) });
  }

  /* What is missing, as a key of words; null if nothing is, or if it is not known. */
  get missing() {
    if (!this.status) return null;
    const target = writeTargetOf(this.status.connections);

    if (!target) return this.status.isConfigured ? 'calendars.meet.noTarget' : 'calendars.notConfigured';
    return stateOf(target.connection) === 'broken' ? 'calendars.meet.broken' : null;
  }

  view() {
    const { missing, isOfTeam } = this;

    return [
      isOfTeam && h('p', { key: 'team', class: 'quiet small' }, t('calendars.meet.team')),
      missing && h('p', { key: 'missing', class: 'note warn' }, t(missing), ' ',
        h('a', { href: '#/calendars' }, t('calendars.meet.link'))),
    ];
  }
}

customElements.define('oc-meet-hint', MeetHint);
