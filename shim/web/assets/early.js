/*
 * Before anything is shown: pages that have JavaScript wait for times in the visitor's own zone (class js). If a module cannot
 * be loaded or run before the page's elements are there, what was served is shown after all.
 */
const root = document.documentElement;
const giveUp = (event) => {
  const isModule = event.target instanceof Element && event.target.matches('script[type="module"]');
  const isLoadError = event.target instanceof Element;
  const isWaiting = document.querySelector('oc-booking:not(:defined), oc-action:not(:defined), oc-console:not(:defined),'
    + ' oc-verify:not(:defined), oc-calendar-callback:not(:defined)');

  if (isModule || (!isLoadError && isWaiting)) root.classList.remove('js');
};

root.classList.add('js');
addEventListener('error', giveUp, true);
addEventListener('unhandledrejection', giveUp);
