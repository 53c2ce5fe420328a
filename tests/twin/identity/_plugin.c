/* SPDX-License-Identifier: MIT */
/* A shared object with thread-local data, loaded after threads exist. */
__thread int plugin_small = 41;
__thread char plugin_big[20000] = "plugin";

int *
plugin_address(void)
{
	return &plugin_small;
}

char *
plugin_text(void)
{
	return plugin_big;
}
