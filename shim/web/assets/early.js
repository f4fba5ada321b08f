/* Before anything is shown: pages that have JavaScript wait for times in the visitor's own zone. */
document.documentElement.classList.add('js');
