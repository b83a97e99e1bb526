// The page of the extension: docker commands, the engine's lists and its own service, all through ddClient.
const dd = window.ddClient;
const byId = (id) => document.getElementById(id);

function bytes(count) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

function card({ Type, TotalCount, Active, Size, Reclaimable }) {
  const element = document.createElement('article');
  const free = /\((\d+)%\)/.exec(Reclaimable);
  const used = free ? 100 - Number(free[1]) : 100;
  element.innerHTML = '<small></small><strong></strong><small></small><div class="bar"><div></div></div>';
  const [title, note] = element.querySelectorAll('small');
  title.textContent = Type;
  element.querySelector('strong').textContent = Size;
  note.textContent = `${Active} of ${TotalCount} in use, ${Reclaimable} can be freed`;
  element.querySelector('.bar div').style.width = `${used}%`;
  return element;
}

function containerRow(container) {
  const row = document.createElement('li');
  const link = document.createElement('a');
  link.textContent = container.Names[0].replace(/^\//, '');
  link.addEventListener('click', () => dd.desktopUI.navigate.viewContainerLogs(container.Id));
  const status = document.createElement('span');
  status.textContent = container.Status;
  row.append(link, status);
  return row;
}

async function showHost() {
  const host = await dd.extension.vm.service.get('/host');
  byId('host').textContent =
    `Load ${host.load}, ${bytes(host.memoryAvailableBytes)} of ${bytes(host.memoryTotalBytes)} memory free, up ${Math.round(host.uptimeSeconds / 3600)} h`;
}

async function refresh() {
  byId('error').hidden = true;
  try {
    const usage = await dd.docker.cli.exec('system', ['df', '--format', 'json']);
    byId('cards').replaceChildren(...usage.parseJsonLines().map(card));
    const containers = await dd.docker.listContainers({ all: true });
    byId('containers').replaceChildren(...containers.map(containerRow));
    await showHost();
  } catch (error) {
    byId('error').hidden = false;
    byId('error').textContent = error.message ?? error.stderr ?? String(error);
  }
}

byId('refresh').addEventListener('click', async () => {
  await refresh();
  dd.desktopUI.toast.success('Read again');
});
refresh();
