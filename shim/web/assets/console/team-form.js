/* <oc-team-form>: name and slug of a team, new or (property team) there; and the dialog that makes one. */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { api, openDialog } from './session.js';
import { isSlug, slugOf } from './slug.js';
import { textField } from './setup-fields.js';
import { Form } from './team-view.js';

class TeamForm extends Form {
  team = null;
  ownSlug = false;

  start() {
    const { name = '', slug = '' } = this.team ?? {};

    Object.assign(this, { draft: { name, slug }, ownSlug: this.team !== null });
  }

  get unsaved() {
    return this.team !== null && (this.draft.name !== this.team.name || this.draft.slug !== this.team.slug);
  }

  check() {
    const { name, slug } = this.draft;

    return { name: name.trim() ? null : t('common.fillIn'), slug: isSlug(slug) ? null : t('teams.badSlug') };
  }

  async send() {
    const body = { name: this.draft.name.trim(), slug: this.draft.slug };
    const { team } = this.team ? await api.patch(`/v0/teams/${this.team.id}`, body) : await api.post('/v0/teams', body);

    return team;
  }

  rename(name) {
    this.draft.name = name;
    if (!this.ownSlug) this.draft.slug = slugOf(name);
    this.update();
  }

  view() {
    const url = `${location.origin}/team/${this.draft.slug || '…'}/…`;

    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      textField(this.spec('name', {
        label: t('teams.fields.teamName'), maxlength: 120, autocomplete: 'off', autofocus: !this.team,
        oninput: (name) => this.rename(name),
      })),
      textField(this.spec('slug', {
        hint: t(this.team ? 'teams.slugChange' : 'teams.slugHint', { url }),
        maxlength: 80, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false',
        oninput: (slug) => {
          this.ownSlug = true;
          this.draft.slug = slug.trim();
          this.update();
        },
      })),
      this.buttons(t(this.team ? 'common.save' : 'teams.makeTeam')));
  }
}

customElements.define('oc-team-form', TeamForm);

/* The team that was made, or nothing. */
export const openTeamForm = () => openDialog({
  heading: t('teams.make'),
  view: ({ close }) => h('oc-team-form', { ondone: ({ detail }) => close(detail) }),
});
