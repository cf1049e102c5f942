"""The verbs as tools of the Model Context Protocol, for any AI engineer's client.

Each call runs its verb in a process of its own, behind walls (`walls`), for a limited time; what comes back is short,
and a run id digs further.
"""
